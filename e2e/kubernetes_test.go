//go:build e2e

package e2e

import (
	"net"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Kubernetes sends SIGTERM at the moment at which it begins to take a pod out of its Services, and the nodes hear of
// that later (Pod Lifecycle, "Termination of Pods"): new connections come meanwhile. All of them are answered for as long
// as drain says, /readyz says no from the first moment, and the process is gone well before SIGKILL.
func TestKubernetesTermination(t *testing.T) {
	const drain, lag, grace = 4 * time.Second, 2 * time.Second,
		34 * time.Second // of deploy/kubernetes: 15 s, unknown, 45 s
	s := startService(t, "drain: 4s\n")
	var before, after stopLoad
	stop, told := make(chan struct{}), make(chan struct{})
	var clients, late sync.WaitGroup
	for i := range 16 {
		clients.Go(func() { before.client(s.http, i%2 == 0, stop) })
	}
	until(t, "the clients are there", func() bool { return before.answers.Load() > 100 })
	begin := time.Now()
	s.signal(t, syscall.SIGTERM)
	admin := newAsker(s.admin, false)
	until(t, "the readiness probe fails", func() bool { status, _, _ := admin.get("", "/readyz"); return status == 503 })
	if status, _, _ := admin.get("", "/healthz"); status != 200 {
		t.Errorf("the liveness probe fails, and the pod would be killed at once: %d", status)
	}
	for i := range 16 { // by way of a node that has not heard
		late.Go(func() { after.client(s.http, i%2 == 0, told) })
	}
	time.Sleep(lag)
	close(stop)
	close(told)
	clients.Wait()
	late.Wait()
	if n := before.cut.Load() + before.refused.Load() + after.cut.Load() + after.refused.Load(); n > 0 ||
		after.answers.Load() < 100 {
		t.Errorf("%d requests were lost, %d answered after SIGTERM", n, after.answers.Load())
	}
	idle, err := net.Dial("tcp", s.http) // a connection that nobody ends does not hold the process up
	if err != nil {
		t.Error(err)
	} else {
		defer func() { _ = idle.Close() }()
	}
	select {
	case <-s.done:
	case <-time.After(grace - time.Since(begin)):
		t.Fatal("SIGKILL would come")
	}
	if code := s.cmd.ProcessState.ExitCode(); code != 0 || time.Since(begin) < drain {
		t.Errorf("exit status %d after %v\n%s", code, time.Since(begin), s.output())
	}
	t.Logf("%d answers before and %d from connections made after SIGTERM, gone after %v", before.answers.Load(),
		after.answers.Load(), time.Since(begin))
}
