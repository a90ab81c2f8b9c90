//go:build e2e

package e2e

const lorisEnv = "X"

func lorisMain(string) int { return 0 }
