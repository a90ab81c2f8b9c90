package acme

import (
	"context"
	"log/slog"
	"net/http"
	"slices"
	"strings"

	"go.uber.org/zap/zapcore"
)

// zapCore passes certmagic's log on at debug level: what an operator must know is in findings. Only fields without a
// client or an account pass. It is also the only source of Retry-After: acmez writes the headers of an authority's
// answer to its log, and does not return them.
type zapCore struct {
	log     *slog.Logger
	fields  []zapcore.Field
	refused func(status int, header http.Header) // is called with an authority's answers; may be nil
}

var zapFields = []string{"identifier", "identifiers", "server_name", "subjects", "error", "issuer", "ca",
	"challenge_type", "attempt", "problem", "status_code", "selected_time"}

func (z zapCore) Enabled(zapcore.Level) bool { return true }

// shown reports whether anybody reads the log.
func (z zapCore) shown() bool { return z.log.Enabled(context.Background(), slog.LevelDebug) }

// authorityLog ends the name under which acmez logs.
const authorityLog = ".acme_client"

func (z zapCore) With(fields []zapcore.Field) zapcore.Core {
	z.fields = append(slices.Clip(z.fields), fields...)
	return z
}

func (z zapCore) Check(e zapcore.Entry, ce *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if z.shown() || strings.HasSuffix(e.LoggerName, authorityLog) {
		return ce.AddCore(e, z)
	}
	return ce
}

func (z zapCore) Write(e zapcore.Entry, fields []zapcore.Field) error {
	z.hear(fields)
	if !z.shown() {
		return nil
	}
	values := zapcore.NewMapObjectEncoder()
	for _, f := range append(slices.Clip(z.fields), fields...) {
		if slices.Contains(zapFields, f.Key) {
			f.AddTo(values)
		}
	}
	attrs := []any{slog.String("part", e.LoggerName)}
	for _, key := range zapFields {
		if v, ok := values.Fields[key]; ok {
			attrs = append(attrs, slog.Any(key, v))
		}
	}
	z.log.Debug("acme: "+e.Message, attrs...)
	return nil
}

// hear looks for the headers of an authority's answer.
func (z zapCore) hear(fields []zapcore.Field) {
	var status int
	var header http.Header
	for _, f := range fields {
		switch f.Key {
		case "status_code":
			status = int(f.Integer)
		case "response_headers":
			header, _ = f.Interface.(http.Header)
		}
	}
	if header != nil && z.refused != nil {
		z.refused(status, header)
	}
}

func (z zapCore) Sync() error { return nil }
