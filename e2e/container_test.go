//go:build e2e

package e2e

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"autoconfig/e2e/component"
)

// The image of deploy/Containerfile, built by buildah, holds the program alone,
// which serves there as nobody in particular. Buildah is an extra: without it
// one line says so.
func TestContainer(t *testing.T) {
	component.Need(t, "buildah")
	if os.Getuid() != 0 {
		t.Skip("not root: the container file is not built")
	}
	dir := t.TempDir()
	build := exec.Command("go", "build", "-trimpath", "-o", filepath.Join(dir, "context", "autoconfig"),
		"autoconfig/cmd/autoconfig")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	buildah := func(args ...string) string {
		t.Helper()
		out, err := tool(t, "buildah",
			append([]string{"--storage-driver", "vfs", "--root", filepath.Join(dir, "root"), "--runroot",
				filepath.Join(dir, "run")}, args...)...)
		if err != nil {
			t.Fatalf("buildah %s: %v", args[0], err)
		}
		return strings.TrimSpace(out)
	}
	buildah("build", "--isolation", "chroot", "-t", "autoconfig", "-f", filepath.Join("..", "deploy", "Containerfile"),
		filepath.Join(dir, "context"))
	var image struct {
		OCIv1 struct {
			Config struct {
				User            string
				Entrypoint, Cmd []string
			} `json:"config"`
		}
	}
	if err := json.Unmarshal([]byte(buildah("inspect", "--type", "image", "autoconfig")), &image); err != nil {
		t.Fatal(err)
	}
	config := image.OCIv1.Config
	if config.User != "65532:65532" {
		t.Errorf("it runs as %q", config.User)
	}
	container := buildah("from", "autoconfig")
	root := buildah("mount", container)
	defer buildah("umount", container)
	files, err := os.ReadDir(root)
	if err != nil || len(files) != 1 || files[0].Name() != "autoconfig" {
		t.Errorf("%v %v", files, err)
	}
	args := append(config.Entrypoint, config.Cmd...)
	for i, arg := range args { // any port: this is the machine's own network
		if strings.HasPrefix(arg, ":") {
			args[i] = "127.0.0.1:0"
		}
	}
	runs := func(host, want string, env ...string) {
		t.Helper()
		s := &service{dir: root}
		s.process = start(t, &exec.Cmd{Path: args[0], Args: args, Dir: "/", Env: env,
			SysProcAttr: &syscall.SysProcAttr{Chroot: root, Credential: &syscall.Credential{Uid: 65532, Gid: 65532}}})
		s.await(t)
		if body := newAsker(s.http, false).must(t, host, settingsPath); !strings.Contains(body, want) {
			t.Error(body)
		}
		s.stop()
		if code := s.cmd.ProcessState.ExitCode(); code != 0 {
			t.Errorf("exit status %d: %s", code, s.output())
		}
	}
	runs("autoconfig.live.co.uk", "smtp-mail.outlook.com", "PATH=")
	// four variables are a configuration
	runs("autoconfig.example.net", "<hostname>mail.example.org</hostname>", "AUTOCONFIG_DOMAINS=example.org,example.net",
		"AUTOCONFIG_INCOMING=imaps://mail.example.org", "AUTOCONFIG_OUTGOING=submissions://mail.example.org",
		"AUTOCONFIG_SERVICE_HOST=autoconfig.hoster.example")
}
