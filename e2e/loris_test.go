//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// lorisEnv makes the test program the second process: it holds connections
// open with requests that never end. Its value is ADDRESS COUNT.
const lorisEnv = "AUTOCONFIG_E2E_LORIS"

// lorisMain holds the connections until SIGTERM, and opens anew what the
// server closes. It prints a line once all are open, and one at the end.
func lorisMain(arg string) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	addr, count, _ := strings.Cut(arg, " ")
	n, err := strconv.Atoi(count)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	var (
		wg           sync.WaitGroup
		first        sync.WaitGroup
		opened, fail atomic.Int64
	)
	first.Add(n)
	for range n {
		wg.Go(func() {
			once := sync.OnceFunc(first.Done)
			for ctx.Err() == nil {
				if err := dribble(ctx, addr, once); err != nil {
					fail.Add(1)
				} else {
					opened.Add(1)
				}
			}
			once()
		})
	}
	first.Wait()
	fmt.Println("all open")
	wg.Wait()
	fmt.Printf("opened %d connections in all, %d were refused\n", opened.Load(), fail.Load())
	return 0
}

// dribble opens a connection and sends a header line by a byte every two
// seconds, until the server has had enough. An error: it could not connect.
func dribble(ctx context.Context, addr string, open func()) error {
	c, err := net.DialTimeout("tcp", addr, 20*time.Second)
	if err != nil {
		time.Sleep(100 * time.Millisecond)
		return err
	}
	defer func() { _ = c.Close() }()
	if _, err := io.WriteString(c, "GET / HTTP/1.1\r\nHost: autoconfig.own.test\r\nX-Slow: "); err != nil {
		return nil
	}
	open()
	tick := time.NewTicker(2 * time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		if _, err := c.Write([]byte("x")); err != nil {
			return nil
		}
		_ = c.SetReadDeadline(time.Now().Add(time.Millisecond))
		if _, err := c.Read(make([]byte, 1)); err == nil || !os.IsTimeout(err) {
			return nil // the server has answered or closed
		}
	}
}

// Thousands of connections that never finish a request cost the ordinary ones
// nothing they would notice.
func TestSlowLoris(t *testing.T) {
	n := often(500, 5000)
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil || limit.Max < uint64(n)+200 {
		t.Skipf("%d open files are allowed, %d are needed; raise the limit (ulimit -n)", limit.Max, n+200)
	}
	s := startService(t, faultsConfig, faultsFiles(t, 1))
	a := newAsker(s.http, false)
	span := time.Duration(often(1, 20)) * time.Second       // the server cuts a header off after 5 s
	a.times(t, span/4, "autoconfig.own.test", settingsPath) // warm
	alone := a.times(t, span, "autoconfig.own.test", settingsPath)
	base := s.descriptors(t)

	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%s %d", lorisEnv, s.http, n))
	loris := start(t, cmd)
	until(t, "all connections are open", func() bool { return strings.Contains(loris.output(), "all open") })
	held := s.descriptors(t) - base
	if held < n*9/10 {
		t.Errorf("the server holds %d connections of %d", held, n)
	}
	beside := a.times(t, span, "autoconfig.own.test", settingsPath)
	still := s.descriptors(t) - base
	ratio := float64(percent(beside, 50)) / float64(percent(alone, 50))
	loris.stop()
	until(t, "the server lets go of all of them", func() bool { return s.descriptors(t) <= base })
	t.Logf("%d connections held (%d at the end): %s", held, still, tail(loris.output(), 1))
	t.Logf("%d requests alone: median %v, p99 %v; %d beside them: median %v, p99 %v; ratio %.2f; none failed",
		len(alone), percent(alone, 50), percent(alone, 99), len(beside), percent(beside, 50), percent(beside, 99), ratio)
	if *full && ratio > 2 {
		t.Errorf("the median is %.2f times what it was", ratio)
	}
}
