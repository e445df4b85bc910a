package web

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/sallyport/sallyport/internal/fault"
)

// maxLogged bounds one value in the log, in octets.
const maxLogged = 400

// log writes the one line of a request.
func (rt *Router) log(r *http.Request, x *exchange, w *writer, took time.Duration) {
	status, level := w.status, slog.LevelInfo
	if x.gone {
		status = statusClientGone
	}
	attrs := make([]slog.Attr, 0, 16)
	add := func(key, value string) {
		if value != "" {
			attrs = append(attrs, slog.String(key, clean(value)))
		}
	}
	attrs = append(attrs, slog.String("route", x.name()), slog.Int("status", status))
	if f := x.fault; f != nil {
		level = levelOf(f.Kind)
		add("code", f.Code)
	} else if x.cause != nil {
		level = slog.LevelWarn
	}
	if x.address.IsValid() {
		add("addr", x.address.String())
	}
	for _, a := range x.notes {
		add(a.Key, a.Value.String())
	}
	if f := x.fault; f != nil {
		add("want", f.Want)
		add("got", f.Got)
		add("ref", f.Ref)
	}
	attrs = append(attrs, slog.Duration("dur", took), slog.String("trace", x.trace))
	if x.cause != nil {
		add("err", x.cause.Error())
	}
	if x.stack != "" {
		attrs = append(attrs, slog.String("stack", x.stack))
	}
	// Past the logger, which looks each time where in the code a line is written.
	ctx, to := context.WithoutCancel(r.Context()), rt.cfg.Log.Handler()
	if to.Enabled(ctx, level) {
		line := slog.NewRecord(time.Now(), level, "request", 0)
		line.AddAttrs(attrs...)
		_ = to.Handle(ctx, line) // there is nobody left to tell
	}
}

// levelOf says how loudly a fault is told: what is ours or below us is an
// error, a wrong path is everyday, the rest is worth a look.
func levelOf(k fault.Kind) slog.Level {
	switch k {
	case fault.Internal, fault.Unavailable:
		return slog.LevelError
	case fault.NotFound:
		return slog.LevelInfo
	default:
		return slog.LevelWarn
	}
}

// Note adds an identifier to the line that is logged of this request, such as
// the organization's. It is never given anything secret.
func Note(r *http.Request, key, id string) {
	x := exchangeOf(r)
	for i := range x.notes {
		if x.notes[i].Key == key {
			x.notes[i] = slog.String(key, id)
			return
		}
	}
	x.notes = append(x.notes, slog.String(key, id))
}

// clean makes a value from outside fit for a log and for the terminal it may
// be read on: what cannot be seen is spelt out, and it is cut short.
func clean(s string) string {
	s = clip(s)
	if plain(s) || strings.IndexFunc(s, unseen) < 0 && utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if unseen(r) || r == utf8.RuneError {
			fmt.Fprintf(&b, `\u{%x}`, r)
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

// plain reports whether s is of printable ASCII alone, as nearly all is.
func plain(s string) bool {
	for _, c := range []byte(s) {
		if c < ' ' || c > '~' {
			return false
		}
	}
	return true
}

func unseen(r rune) bool {
	return r != ' ' && !unicode.IsGraphic(r) || unicode.Is(unicode.Zl, r) || unicode.Is(unicode.Zp, r)
}

// clip shortens a value without cutting a character in two.
func clip(s string) string {
	if len(s) <= maxLogged {
		return s
	}
	cut := maxLogged
	for cut > 0 && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + "…"
}

// traceOf returns the trace that a request belongs to, with a span of our own:
// the caller's where it names a valid one, else a new one [Trace Context 3.2].
func traceOf(r *http.Request) string {
	var b [24]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand aborts the program instead
	id, flags := hex.EncodeToString(b[:16]), "00"
	if parts := strings.Split(r.Header.Get("Traceparent"), "-"); len(parts) == 4 && parts[0] == "00" &&
		lowerHex(parts[1], 32) && lowerHex(parts[2], 16) && lowerHex(parts[3], 2) {
		id, flags = parts[1], parts[3]
	}
	return "00-" + id + "-" + hex.EncodeToString(b[16:]) + "-" + flags
}

// lowerHex reports whether s is n lower-case hexadecimal digits, not all zero
// unless they are flags.
func lowerHex(s string, n int) bool {
	return len(s) == n && strings.Trim(s, "0123456789abcdef") == "" && (n == 2 || strings.Trim(s, "0") != "")
}
