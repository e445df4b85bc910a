package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/sallyport/sallyport/internal/xmltree"
)

// Kinds of things that are not named after their root element.
const (
	kindUnknown     = "unknown"
	kindXML         = "xml" // of another vocabulary
	kindWebPage     = "web page"
	kindCertificate = "certificate"
	kindPublicKey   = "public key"
	kindPrivateKey  = "private key"
)

// A thing is one message, document or certificate, as --json prints it. It is
// what is written, not what is true: nothing here was verified.
type thing struct {
	Source   string    `json:"source"`
	Number   int       `json:"number"` // in its source, from 1
	Kind     string    `json:"kind"`
	Wrapping []string  `json:"wrapping"` // outermost first
	Size     int       `json:"size"`     // octets without the wrapping
	Complete bool      `json:"complete"` // false: read up to the first problem
	Problems []problem `json:"problems"`
	Notes    []string  `json:"notes"`

	Carrier      *carrier      `json:"carrier,omitempty"`
	Message      *message      `json:"message,omitempty"`
	Assertions   []assertion   `json:"assertions,omitempty"`
	Entities     []entity      `json:"entities,omitempty"`
	Signatures   []signature   `json:"signatures,omitempty"`
	Encryptions  []encryption  `json:"encryptions,omitempty"`
	Certificates []certificate `json:"certificates,omitempty"`
	XML          string        `json:"xml,omitempty"`

	root xmltree.Element
}

// A problem is a place where the input breaks a rule of reading it.
type problem struct {
	Rule   string `json:"rule"`
	In     string `json:"in"`     // the wrapping that the place is counted in
	Offset int    `json:"offset"` // from 0
	Line   int    `json:"line"`   // from 1
	Column int    `json:"column"` // in characters, from 1
	Detail string `json:"detail"`
	Near   string `json:"near"` // what stands there
}

// A carrier is the URL or form that a message came in.
type carrier struct {
	Address    string `json:"address,omitempty"`
	Parameter  string `json:"parameter"`
	RelayState string `json:"relay_state,omitempty"`
	SigAlg     string `json:"sig_alg,omitempty"`
	Signature  string `json:"signature,omitempty"`
}

// An instant is a time as it is written, and how far from the clock it is.
type instant struct {
	Value   string `json:"value"`
	Seconds *int64 `json:"seconds_from_now"` // null: no time that can be read
}

// newInstant reads a time, leniently: one without a zone is taken for UTC.
func newInstant(value string, now time.Time) *instant {
	if value == "" {
		return nil
	}
	i := &instant{Value: value}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999"} {
		if t, err := time.Parse(layout, value); err == nil {
			seconds := int64(t.Sub(now).Round(time.Second) / time.Second)
			i.Seconds = &seconds
			break
		}
	}
	return i
}

// placed returns a problem at an offset of text.
func placed(rule, in string, text []byte, offset int, detail string) problem {
	const around = 40
	offset = min(max(offset, 0), len(text))
	before := text[:offset]
	lineStart := bytes.LastIndexByte(before, '\n') + 1
	return problem{
		Rule: rule, In: in, Offset: offset, Detail: detail,
		Line: bytes.Count(before, []byte("\n")) + 1, Column: utf8.RuneCount(before[lineStart:]) + 1,
		Near: visible(string(text[offset:min(len(text), offset+around)])),
	}
}

func (t *thing) note(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if !slices.Contains(t.Notes, text) {
		t.Notes = append(t.Notes, text)
	}
}

// writeJSON prints the thing in one line, in which no character steers a
// terminal.
func (t *thing) writeJSON(w io.Writer) error {
	t.Wrapping = append([]string{}, t.Wrapping...)
	t.Problems = append([]problem{}, t.Problems...)
	t.Notes = append([]string{}, t.Notes...)
	var line bytes.Buffer
	e := json.NewEncoder(&line)
	e.SetEscapeHTML(false)
	if err := e.Encode(t); err != nil {
		return err
	}
	_, err := w.Write(escapeJSON(line.Bytes()))
	return err
}

// escapeJSON escapes the characters of JSON that do not show. They can stand
// in strings only.
func escapeJSON(line []byte) []byte {
	const lastPlain = '~' // what is below a blank is escaped already
	if !slices.ContainsFunc(line, func(c byte) bool { return c > lastPlain }) {
		return line
	}
	out := make([]byte, 0, len(line))
	for _, r := range string(line) {
		switch {
		case r == '\n' || unicode.IsPrint(r):
			out = utf8.AppendRune(out, r)
		case r > 0xFFFF:
			r -= 0x10000
			out = fmt.Appendf(out, `\u%04x\u%04x`, 0xD800+r>>10, 0xDC00+r&0x3FF)
		default:
			out = fmt.Appendf(out, `\u%04x`, r)
		}
	}
	return out
}

// visible writes what does not show, or would steer a terminal, as an escape.
func visible(s string) string { return appearance(s, "") }

// appearance is visible, but for the characters of plain.
func appearance(s, plain string) string {
	shows := func(r rune) bool {
		return r != utf8.RuneError && unicode.IsPrint(r) || plain != "" && bytes.ContainsRune([]byte(plain), r)
	}
	clean := true
	for _, r := range s {
		if !shows(r) {
			clean = false
			break
		}
	}
	if clean {
		return s
	}
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case shows(r):
			out = append(out, s[i:i+size]...)
		case r == utf8.RuneError && size == 1:
			out = fmt.Appendf(out, `\x%02x`, s[i])
		case r == '\n':
			out = append(out, `\n`...)
		case r == '\t':
			out = append(out, `\t`...)
		case r == '\r':
			out = append(out, `\r`...)
		default:
			out = fmt.Appendf(out, `\u{%x}`, r)
		}
		i += size
	}
	return string(out)
}

// maxShown is how much of a value people are shown, in octets.
const maxShown = 400

// shorten cuts a value for people and says how much is missing.
func shorten(s string) string {
	if len(s) <= maxShown {
		return s
	}
	end := maxShown
	for end > maxShown-utf8.UTFMax && !utf8.RuneStart(s[end]) {
		end--
	}
	return fmt.Sprintf("%s… (%d bytes)", s[:end], len(s))
}
