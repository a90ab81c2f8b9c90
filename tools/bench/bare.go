package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"slices"

	"github.com/labstack/echo/v4"

	"autoconfig/tools/load"
)

// recorded is one answer of the server.
type recorded struct {
	Method, Path string
	Status       int
	Header       http.Header
	Body         []byte
}

// record keeps what the server answers to each format.
func record(ours *load.Server, file string) error {
	var all []recorded
	for _, f := range formats {
		status, header, body, err := ours.Once(f.request(domain(0)))
		if err != nil {
			return err
		}
		if status != http.StatusOK {
			return fmt.Errorf("%s %s: status %d: %s", ours.Name, f.name, status, body)
		}
		all = append(all, recorded{f.method, f.path, status, header, body})
	}
	text, err := json.Marshal(all)
	if err != nil {
		return err
	}
	return os.WriteFile(file, text, 0o600)
}

// serveBare sends the recorded answers from handlers that do nothing else.
func serveBare(file, addr string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var all []recorded
	if err := json.Unmarshal(text, &all); err != nil {
		return err
	}
	e := echo.New()
	for _, r := range all {
		kind := r.Header.Get("Content-Type")
		r.Header.Del("Content-Type") // Blob and net/http set these
		r.Header.Del("Date")
		e.Add(r.Method, r.Path, func(c echo.Context) error {
			h := c.Response().Header()
			for key, values := range r.Header {
				h[key] = slices.Clone(values)
			}
			return c.Blob(r.Status, kind, r.Body)
		})
	}
	return http.ListenAndServe(addr, e) //nolint:gosec // bare on purpose, on the loopback interface
}
