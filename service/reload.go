package service

import (
	"context"
	"os"
	"slices"
	"time"

	"autoconfig/files"
	"autoconfig/provider"
)

// pollEvery is how often the files are looked at for a change.
const pollEvery = 2 * time.Second

// reloads reads everything again on SIGHUP, when a file's time or size has
// changed, when a command lists other domains, and on the day of a change at a built-in provider.
func (s *Service) reloads(ctx context.Context, hup <-chan os.Signal) {
	poll := time.Tick(pollEvery)
	lookOn := func(day time.Time) []stamp {
		next := stamp{path: "the calendar", time: provider.NextChange(day)}
		return append(stamps(s.running.Reader, s.served.Load().cfg.Files()), next)
	}
	look := func() []stamp { return lookOn(s.opts.Now()) }
	seen := lookOn(s.served.Load().cfg.Day())
	for {
		by := "a change" // of a file, or of the day
		select {
		case <-ctx.Done():
			return
		case <-hup:
			by = "SIGHUP"
			s.sources.commands.Expire()
		case <-s.sources.changed:
			by = "a command that lists domains"
		case <-poll:
			s.tuneGC()
			if slices.Equal(seen, look()) {
				continue
			}
		}
		seen = look() // before reading: what changes meanwhile is read next time
		s.notify(reloading())
		s.reload(by)
		s.notify(stateReady)
		if now := look(); len(now) != len(seen) {
			seen = merge(seen, now) // the new configuration names other files
		}
	}
}

// merge is now with the stamps of before for the files that were looked at then:
// one that changed meanwhile is read next time.
func merge(before, now []stamp) []stamp {
	known := map[string]stamp{}
	for _, s := range before {
		known[s.path] = s
	}
	for i, s := range now {
		if old, ok := known[s.path]; ok {
			now[i] = old
		}
	}
	return now
}

// stamp shows whether a file has changed.
type stamp struct {
	path string
	mode os.FileMode
	size int64
	time time.Time
}

// stamps are zero for files that are not there, or on a file system that does
// not answer.
func stamps(r *files.Reader, paths []string) []stamp {
	out := make([]stamp, len(paths))
	for i, path := range paths {
		out[i].path = path
		if info, err := r.Stat(path); err == nil {
			out[i].mode, out[i].size, out[i].time = info.Mode(), info.Size(), info.ModTime()
		}
	}
	return out
}
