package acme

import (
	"context"
	"log/slog"
	"slices"

	"go.uber.org/zap/zapcore"
)

// zapCore passes certmagic's log on at debug level: what an operator must know
// is said in findings. Only fields that name no client and no account pass.
type zapCore struct {
	log    *slog.Logger
	fields []zapcore.Field
}

var zapFields = []string{"identifier", "identifiers", "server_name", "subjects", "error", "issuer", "ca", "challenge_type", "attempt", "problem", "status_code", "selected_time"}

// Enabled implements zapcore.Core.
func (z zapCore) Enabled(zapcore.Level) bool {
	return z.log.Enabled(context.Background(), slog.LevelDebug)
}

// With implements zapcore.Core.
func (z zapCore) With(fields []zapcore.Field) zapcore.Core {
	z.fields = append(slices.Clip(z.fields), fields...)
	return z
}

// Check implements zapcore.Core.
func (z zapCore) Check(e zapcore.Entry, ce *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if z.Enabled(e.Level) {
		return ce.AddCore(e, z)
	}
	return ce
}

// Write implements zapcore.Core.
func (z zapCore) Write(e zapcore.Entry, fields []zapcore.Field) error {
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

// Sync implements zapcore.Core.
func (z zapCore) Sync() error { return nil }
