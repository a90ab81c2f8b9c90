package service

import "net"

// The states that a service manager can be notified of (sd_notify(3)).
const (
	stateReady     = "READY=1"
	stateReloading = "RELOADING=1"
	stateStopping  = "STOPPING=1"
)

// notify sends the state to the service manager, if one listens (a unit with Type=notify).
func (s *Service) notify(state string) {
	socket := s.opts.Env.Get("NOTIFY_SOCKET")
	if socket == "" {
		return
	}
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err == nil {
		_, err = conn.Write([]byte(state))
		_ = conn.Close() // a datagram is gone once written
	}
	if err != nil {
		s.log.Warn("the service manager could not be notified", "state", state, "error", err)
	}
}
