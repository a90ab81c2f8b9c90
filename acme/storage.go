package acme

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/caddyserver/certmagic"
)

// Storage is where certificates are kept.
type Storage = certmagic.Storage

// Folder keeps certificates in a folder.
func Folder(path string) Storage { return &certmagic.FileStorage{Path: path} }

// watchedStorage reports how the storage works, and loses no certificate to it: what an order brought is in memory
// until all of it is stored. Until then the storage has the certificate from before, whole.
type watchedStorage struct {
	Storage
	report func(write bool, err error)

	saving  sync.Mutex // held while unsaved values are stored
	mu      sync.Mutex
	unsaved map[string][]byte
}

// assets is the folder of certificates and their keys, as certmagic has it.
var assets = certmagic.StorageKeys.CertsPrefix("") + "/"

func (w *watchedStorage) reported(ctx context.Context, write bool, err error) error {
	if ctx.Err() == nil { // else the caller gave up, which says nothing
		w.report(write, err)
	}
	return err
}

func (w *watchedStorage) Store(ctx context.Context, key string, value []byte) error {
	if o := orderOf(ctx); o != nil && strings.HasPrefix(key, assets) {
		o.assets[key] = bytes.Clone(value)
		return nil
	}
	return w.reported(ctx, true, w.Storage.Store(ctx, key, value))
}

func (w *watchedStorage) Load(ctx context.Context, key string) ([]byte, error) {
	w.mu.Lock()
	value, ok := w.unsaved[key]
	w.mu.Unlock()
	if ok {
		return value, nil
	}
	value, err := w.Storage.Load(ctx, key)
	return value, w.reported(ctx, false, err)
}

func (w *watchedStorage) Exists(ctx context.Context, key string) bool {
	w.mu.Lock()
	_, ok := w.unsaved[key]
	w.mu.Unlock()
	return ok || w.Storage.Exists(ctx, key)
}

func (w *watchedStorage) Lock(ctx context.Context, name string) error {
	return w.reported(ctx, true, w.Storage.Lock(ctx, name))
}

// keep takes what an order brought, once that is whole, and stores it if it can.
func (w *watchedStorage) keep(ctx context.Context, o *order) {
	w.mu.Lock()
	maps.Copy(w.unsaved, o.assets)
	w.mu.Unlock()
	_ = w.save(ctx) // reported
}

// save stores what is unsaved, one certificate after the other. When one cannot be stored, it is tried again later with
// those after it.
func (w *watchedStorage) save(ctx context.Context) error {
	w.saving.Lock()
	defer w.saving.Unlock()
	w.mu.Lock()
	values := maps.Clone(w.unsaved)
	w.mu.Unlock()
	folders := map[string][]string{}
	for _, key := range slices.Sorted(maps.Keys(values)) {
		folders[path.Dir(key)] = append(folders[path.Dir(key)], key)
	}
	for _, folder := range slices.Sorted(maps.Keys(folders)) {
		if err := w.saveWhole(ctx, folders[folder], values); err != nil {
			return w.reported(ctx, true, err)
		}
	}
	return nil
}

// saveWhole stores the parts of one certificate. When one of them cannot be stored, what was there before is put back
// as far as possible; a certificate that is whole stays, since another replica may have seen it.
func (w *watchedStorage) saveWhole(ctx context.Context, keys []string, values map[string][]byte) error {
	before := map[string][]byte{} // nil: nothing
	for _, key := range keys {
		old, err := w.Storage.Load(ctx, key)
		if err == nil || errors.Is(err, fs.ErrNotExist) {
			if err = w.Storage.Store(ctx, key, values[key]); err == nil {
				before[key] = old
			}
		}
		if err != nil {
			w.restore(ctx, before)
			return err
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, key := range keys {
		if bytes.Equal(w.unsaved[key], values[key]) {
			delete(w.unsaved, key)
		}
	}
	return nil
}

func (w *watchedStorage) restore(ctx context.Context, before map[string][]byte) {
	for key, old := range before {
		if old == nil {
			_ = w.Delete(ctx, key) // what is left of it does not fit together, and is ordered again
		} else {
			_ = w.Storage.Store(ctx, key, old) // as above
		}
	}
}
