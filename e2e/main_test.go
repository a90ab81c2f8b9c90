//go:build e2e

package e2e

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// program is the program under test, built once for all tests.
var program string

var programFlag = flag.String("program", "", "test this program and build none")

func TestMain(m *testing.M) {
	if arg := os.Getenv(lorisEnv); arg != "" {
		os.Exit(lorisMain(arg))
	}
	flag.Parse()
	os.Exit(run(m))
}

func run(m *testing.M) int {
	if program = *programFlag; program != "" {
		return m.Run()
	}
	dir, err := os.MkdirTemp("", "autoconfig-e2e")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if err := os.Chmod(dir, 0o755); err != nil { // one test runs the program as another user
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	program = filepath.Join(dir, "autoconfig")
	if out, err := exec.Command("go", "build", "-trimpath", "-o", program,
		"autoconfig/cmd/autoconfig").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "the program does not build: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}
