package main

import (
	"bufio"
	"context"
	"fmt"
	"strings"
)

// ask asks the person at the terminal. An interrupt and the end of the input are no answer.
func (a *app) ask(ctx context.Context, question string) string {
	if a.answers == nil { // one for all questions: what was typed ahead is in it
		a.answers = bufio.NewReader(a.stdin)
	}
	fmt.Fprint(a.stderr, question)
	answer, _ := interruptible(ctx, func() (string, error) { return a.answers.ReadString('\n') })
	if ctx.Err() != nil {
		fmt.Fprintln(a.stderr)
	}
	return strings.TrimSpace(answer)
}

// agreed asks a question that only a yes answers with yes.
func (a *app) agreed(ctx context.Context, format string, args ...any) bool {
	answer := strings.ToLower(a.ask(ctx, fmt.Sprintf(format, args...)+" [y/N] "))
	return answer == "y" || answer == "yes"
}

// interruptible reads from the terminal, and gives up when ctx ends: the read itself cannot be.
func interruptible[T any](ctx context.Context, read func() (T, error)) (T, error) {
	type result struct {
		value T
		err   error
	}
	done := make(chan result, 1)
	go func() {
		value, err := read()
		done <- result{value, err}
	}()
	select {
	case r := <-done:
		return r.value, r.err
	case <-ctx.Done():
		var none T
		return none, context.Cause(ctx)
	}
}
