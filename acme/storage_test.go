package acme

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/caddyserver/certmagic"
)

// fullDisk is a storage that has no room for some keys.
type fullDisk struct {
	*mapStorage
	full func(key string) bool
}

func (f *fullDisk) Store(ctx context.Context, key string, value []byte) error {
	if f.full(key) {
		return syscall.ENOSPC
	}
	return f.mapStorage.Store(ctx, key, value)
}

// However far a disk that is full lets a certificate be stored, what was there
// before stays whole, what is new is read from memory, and all of it is stored
// once there is room.
func TestDiskFull(t *testing.T) {
	parts := []string{assets + "x/n/n.crt", assets + "x/n/n.json", assets + "x/n/n.key"}
	for _, before := range []string{"", "old"} {
		for _, failing := range parts {
			var reported error
			room := false
			disk := &fullDisk{newMapStorage(), func(key string) bool { return key == failing && !room }}
			w := &watchedStorage{Storage: disk, unsaved: map[string][]byte{}, report: func(_ bool, err error) { reported = err }}
			for _, key := range parts {
				if before != "" {
					disk.files[key] = []byte(before)
				}
			}
			o := &order{assets: map[string][]byte{}}
			ctx := context.WithValue(t.Context(), orderKey{}, o)
			for _, key := range parts {
				if err := w.Store(ctx, key, []byte("new")); err != nil {
					t.Fatal(err)
				}
			}
			w.keep(ctx, o)
			if err := w.save(ctx); !errors.Is(err, syscall.ENOSPC) || !errors.Is(reported, syscall.ENOSPC) {
				t.Errorf("%v, reported %v", err, reported)
			}
			for _, key := range parts {
				if got := string(disk.files[key]); got != before {
					t.Errorf("full at %s: on the disk %s is %q, was %q", failing, key, got, before)
				}
				if got, err := w.Load(ctx, key); err != nil || string(got) != "new" || !w.Exists(ctx, key) {
					t.Errorf("%s: %q, %v", key, got, err)
				}
			}
			room = true
			if err := w.save(ctx); err != nil || len(w.unsaved) != 0 {
				t.Error(err, w.unsaved)
			}
			for _, key := range parts {
				if got := string(disk.files[key]); got != "new" {
					t.Errorf("%s is %q", key, got)
				}
			}
		}
	}
}

// A certificate that was stored whole stays, whatever becomes of those stored after it: another replica may have seen it,
// and would order it again.
func TestStoredCertificatesStay(t *testing.T) {
	disk := &fullDisk{newMapStorage(), func(key string) bool { return key == assets+"x/b/b.key" }}
	w := &watchedStorage{Storage: disk, unsaved: map[string][]byte{}, report: func(bool, error) {}}
	for _, name := range []string{"c", "b", "a"} {
		o := &order{assets: map[string][]byte{}}
		for _, end := range []string{".crt", ".json", ".key"} {
			o.assets[assets+"x/"+name+"/"+name+end] = []byte("new")
		}
		w.keep(t.Context(), o)
	}
	for name, want := range map[string]bool{"a": true, "b": false, "c": true} {
		for _, end := range []string{".crt", ".json", ".key"} {
			key := assets + "x/" + name + "/" + name + end
			if _, saved := disk.files[key]; saved != want {
				t.Errorf("%s on the disk: %v", key, saved)
			}
			if _, unsaved := w.unsaved[key]; unsaved == want {
				t.Errorf("%s to be stored: %v", key, unsaved)
			}
		}
	}
}

// A disk that is full is reported once, and not as well again with every read.
func TestDiskFullReported(t *testing.T) {
	w := new(world)
	b := newBackoff(w.options("", nil))
	for range 10 {
		b.stored(true, syscall.ENOSPC)
		b.stored(false, nil)
	}
	if n := strings.Count(w.log.String(), "\n"); n != 1 {
		t.Errorf("%d lines:\n%s", n, w.log.String())
	}
	if _, reasons := b.report(); len(reasons) != 1 {
		t.Error(reasons)
	}
	b.stored(true, nil)
	if !strings.Contains(w.log.String(), "works again") {
		t.Error(w.log.String())
	}
}

// A stored certificate whose parts do not fit together is ordered again, and one
// that cannot be read now is left alone.
func TestUnusable(t *testing.T) {
	url, _ := authority(t, nil)
	storage := newMapStorage()
	_, a := testManager(t, url, storage)
	const name, other = "autoconfig.c1.example", "autoconfig.c2.example"
	for _, n := range []string{name, other} {
		keepCertificate(t, a, n, time.Now().Add(-time.Hour), time.Now().Add(time.Hour))
	}
	whole := len(storage.files)
	for key := range storage.files {
		if strings.HasSuffix(key, name+".key") {
			storage.files[key] = storage.files[strings.ReplaceAll(key, name, other)]
		}
	}
	storage.fail(errors.New("not now"))
	if _, err := a.load(t.Context(), name); err == nil || len(storage.files) != whole {
		t.Error(err, len(storage.files))
	}
	storage.fail(nil)
	if _, err := a.load(t.Context(), name); err == nil || len(storage.files) != whole-1 {
		t.Error(err, len(storage.files))
	}
	// another replica is in the middle of a renewal
	keepCertificate(t, a, name, time.Now().Add(-time.Minute), time.Now().Add(time.Hour))
	complete := storage.files[keyOf(a, name)]
	storage.files[keyOf(a, name)] = storage.files[keyOf(a, other)]
	time.AfterFunc(unusableFor/2, func() { _ = storage.Store(context.Background(), keyOf(a, name), complete) })
	if _, err := a.load(t.Context(), name); err != nil || len(storage.files) != whole {
		t.Error(err, len(storage.files))
	}
	if _, err := a.load(t.Context(), other); err != nil {
		t.Error(err)
	}
}

func keyOf(a *Manager, name string) string {
	return certmagic.StorageKeys.SitePrivateKey(a.authorities[0].key, name)
}

// slowStorage takes its time to let go of a lock.
type slowStorage struct {
	Storage
	locked, release chan struct{}
	once            sync.Once
}

func (s *slowStorage) Lock(ctx context.Context, name string) error {
	s.once.Do(func() { close(s.locked) })
	<-s.release
	return s.Storage.Lock(ctx, name)
}

// A manager that has ended writes nothing more: another replica may have the storage now, or a test its folder removed.
func TestRunWaitsForCleaning(t *testing.T) {
	storage := &slowStorage{Storage: newMapStorage(), locked: make(chan struct{}), release: make(chan struct{})}
	o := new(world).options("http://127.0.0.1:1/directory", storage)
	here := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1}
	a := New(o, here, here)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); a.Run(ctx) }()
	<-storage.locked
	stop()
	select {
	case <-ended:
		t.Error("ended while the storage was being cleaned")
	case <-time.After(100 * time.Millisecond):
	}
	close(storage.release)
	<-ended
}
