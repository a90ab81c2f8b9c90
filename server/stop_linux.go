package server

import (
	"net"

	"golang.org/x/sys/unix"
)

// refuseNew drops the segments that would begin a connection (RFC 9293 §3.5), so that the queue of the port can be
// emptied before it closes. A client that comes now tries again within a second, and meets the next process, or a port
// that is closed.
func refuseNew(l *net.TCPListener) {
	// Classic BPF (linux/filter.h) over the TCP header: of byte 13, SYN without ACK.
	program := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_B | unix.BPF_ABS, K: 13},
		{Code: unix.BPF_ALU | unix.BPF_AND | unix.BPF_K, K: 0x12},
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: 0x02, Jf: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: 0},
		{Code: unix.BPF_RET | unix.BPF_K, K: 0xffffffff},
	}
	control(l, func(fd int) {
		_ = unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, // without it, what is in the queue is lost
			&unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]})
	})
}

// queued is how many connections wait to be accepted (tcp(7), TCP_INFO: of a listening socket tcpi_unacked counts
// them).
func queued(l *net.TCPListener) (n int) {
	control(l, func(fd int) {
		if info, err := unix.GetsockoptTCPInfo(fd, unix.IPPROTO_TCP, unix.TCP_INFO); err == nil {
			n = int(info.Unacked)
		}
	})
	return n
}

func control(l *net.TCPListener, f func(fd int)) {
	if raw, err := l.SyscallConn(); err == nil {
		_ = raw.Control(func(fd uintptr) { f(int(fd)) }) // fails for a closed listener
	}
}
