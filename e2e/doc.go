// Package e2e holds the tests that show the whole program working with the
// programs people use: Thunderbird with Postfix and Dovecot, readers of each
// format that are not ours, and the program under load and faults. They have
// the build tag e2e.
package e2e
