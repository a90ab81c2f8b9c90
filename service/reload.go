package service

import (
	"context"
	"maps"
	"os"
	"time"

	"autoconfig/files"
	"autoconfig/provider"
)

// pollEvery is how often the files are checked for changes.
const pollEvery = 2 * time.Second

// reloads reads everything again on SIGHUP, when a file's time or size has changed, when a command lists other domains,
// and on the day of a change at a built-in provider, until ctx ends. What counts as a change begins when it is called.
func (s *Service) reloads(ctx context.Context, hup <-chan os.Signal) {
	go s.reloadAfter(ctx, hup, s.watched(s.served.Load().cfg.Day()))
}

// watched is what a change shows in: the files, and the calendar of the built-in providers.
func (s *Service) watched(day time.Time) map[string]stamp {
	all := stamps(s.running.Reader, s.served.Load().cfg.Files())
	all["the calendar"] = stamp{time: provider.NextChange(day)}
	return all
}

func (s *Service) reloadAfter(ctx context.Context, hup <-chan os.Signal, seen map[string]stamp) {
	poll := time.Tick(pollEvery)
	now := func() map[string]stamp { return s.watched(s.opts.Now()) }
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
			if maps.Equal(seen, now()) {
				continue
			}
		}
		seen = now() // before reading, so that later changes are read next time
		s.notify(reloading())
		s.reload(by)
		s.notify(stateReady)
		seen = merge(seen, now()) // the new configuration may name other files
	}
}

// merge is now with the stamps of before for the files that were checked then: one that changed meanwhile is read next
// time.
func merge(before, now map[string]stamp) map[string]stamp {
	for path := range now {
		if old, known := before[path]; known {
			now[path] = old
		}
	}
	return now
}

// stamp shows whether a file has changed.
type stamp struct {
	mode os.FileMode
	size int64
	time time.Time
}

// stamps are zero for files that do not exist, or whose file system does not answer.
func stamps(r *files.Reader, paths []string) map[string]stamp {
	out := map[string]stamp{}
	for _, path := range paths {
		out[path] = stamp{}
		if info, err := r.Stat(path); err == nil {
			out[path] = stamp{info.Mode(), info.Size(), info.ModTime()}
		}
	}
	return out
}
