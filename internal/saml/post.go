package saml

import (
	"bytes"
	"encoding/base64"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/sallyport/sallyport/internal/xmltree"
)

const (
	// MaxMessage is the greatest size of a message in bytes.
	MaxMessage = xmltree.MaxMessageBytes

	// MaxForm is the greatest size of the form field that carries one.
	MaxForm = 1 << 20

	// MaxRelayState is the greatest size of RelayState in bytes
	// [SAMLBind 3.5.3].
	MaxRelayState = 80
)

// strict decodes base64 and skips line ends, as MIME has them, and nothing else.
var strict = base64.StdEncoding.Strict()

// DecodePost decodes the value of a SAMLResponse form field. White space is
// normal in it and dropped; everything else about it must be strict base64 of
// XML. It is never inflated: compression belongs to another binding, and a
// small form could fill the memory. Errors are of type [*Refusal].
func DecodePost(form string) (string, error) {
	if len(form) > MaxForm {
		return "", refusePost(BindSize, "at most 512 KiB", "more")
	}
	scratch, ok := decoded.Get().(*[]byte)
	if !ok {
		scratch = new([]byte)
	}
	defer decoded.Put(scratch)
	message, err := decodePost(form, scratch)
	return string(message), err
}

// decoded keeps the scratch memory of one form for the next one: what is decoded
// has its length, and is copied once, only where it is known to be good.
var decoded sync.Pool

// decodePost is DecodePost into scratch memory.
func decodePost(form string, scratch *[]byte) ([]byte, error) {
	// Nearly every form is good as it is. Whatever else it may be is for unpack
	// to find out, octet by octet.
	message, err := decodeInto(scratch, form)
	if err != nil || len(message) == 0 || len(message) > MaxMessage {
		if message, err = unpack(form); err != nil {
			return nil, err
		}
	}
	switch {
	case looksLikeXML(message):
		return message, nil
	case notBase64(message) == "" && len(message)%4 == 0:
		return nil, refusePost(BindBase64, "base64 of XML", "base64 of base64")
	case !utf8.Valid(message):
		return nil, refusePost(BindInflate, "XML", "binary data, compressed perhaps")
	}
	return message, nil // some text: the parser says what is wrong with it
}

// decodeInto decodes a form into scratch memory, of which only a giant's is let
// go again.
func decodeInto(scratch *[]byte, form string) ([]byte, error) {
	const keep = 128 << 10
	size := strict.DecodedLen(len(form))
	into := *scratch
	if cap(into) < size {
		if into = make([]byte, size); size <= keep {
			*scratch = into
		}
	}
	n, err := strict.Decode(into[:size], []byte(form))
	return into[:n], err
}

// unpack decodes a form that has blanks in it, or says what is wrong with it.
func unpack(form string) ([]byte, error) {
	packed := make([]byte, 0, len(form))
	for i := range len(form) {
		if !isSpace(form[i]) {
			packed = append(packed, form[i])
		}
	}
	if len(packed) == 0 {
		return nil, refusePost(BindParam, "a message", "nothing")
	}
	if got := notBase64(packed); got != "" {
		return nil, refusePost(BindBase64, "base64", got)
	}
	if base64.StdEncoding.DecodedLen(len(packed)) > MaxMessage+2 {
		return nil, refusePost(BindSize, "at most 512 KiB", "more")
	}
	n, err := strict.Decode(packed, packed)
	if err != nil {
		return nil, refusePost(BindBase64, "base64", "damaged base64")
	}
	if n > MaxMessage {
		return nil, refusePost(BindSize, "at most 512 KiB", "more")
	}
	return packed[:n], nil
}

// refusePost returns a refusal by a rule about the binding. Its list of checks
// begins with those of the binding; nothing else was evaluated.
func refusePost(rule Rule, want, got string) *Refusal {
	refusal := &Refusal{Rule: rule, Want: want, Got: quote(got)}
	verdict := Pass
	for _, r := range [...]Rule{BindParam, BindSize, BindBase64, BindInflate} {
		check := Check{Rule: r, Verdict: verdict}
		if r == rule {
			check = Check{Rule: r, Verdict: Fail, Want: want, Got: refusal.Got}
			verdict = Skip
		}
		refusal.Checks = append(refusal.Checks, check)
	}
	refusal.Checks = append(refusal.Checks, newReport().checks[:]...)
	return refusal
}

// notBase64 says what keeps b from being base64 without white space, or
// returns "".
func notBase64(b []byte) string {
	if len(b) > 0 && b[0] == '<' {
		return "XML that is not encoded"
	}
	padding := 0
	for _, c := range b {
		switch {
		case c == '=':
			padding++
		case padding > 0:
			return "data after the padding"
		case c >= 'A' && c <= 'Z', c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '+', c == '/':
		case c == '-' || c == '_':
			return "the URL-safe alphabet"
		case c == '%':
			return "percent-encoding"
		default:
			return "characters outside its alphabet"
		}
	}
	if padding > 2 || len(b)%4 != 0 {
		return "the wrong length or padding"
	}
	return ""
}

// looksLikeXML reports whether b is text in which a document may begin, in
// whatever encoding; the parser judges it then.
func looksLikeXML(b []byte) bool {
	for _, mark := range []string{"\xef\xbb\xbf", "\xfe\xff", "\xff\xfe", "\x00<"} {
		if bytes.HasPrefix(b, []byte(mark)) {
			return true
		}
	}
	b = bytes.TrimLeft(b, " \t\r\n")
	return len(b) > 0 && b[0] == '<'
}

// isSpace reports whether c is white space in XML.
func isSpace(c byte) bool {
	return c == ' ' || c == '\n' || c == '\r' || c == '\t'
}

// trim cuts XML white space off both ends of s.
func trim(s string) string {
	for len(s) > 0 && isSpace(s[0]) {
		s = s[1:]
	}
	for len(s) > 0 && isSpace(s[len(s)-1]) {
		s = s[:len(s)-1]
	}
	return s
}

// maxQuote is how much of a value from a message is reported.
const maxQuote = 300

// quote shortens a value from a message for a report.
func quote(s string) string {
	if len(s) <= maxQuote && utf8.ValidString(s) { // as whatever was parsed
		return s
	}
	if len(s) <= maxQuote {
		return strings.ToValidUTF8(s, "\uFFFD")
	}
	return strings.ToValidUTF8(s[:maxQuote], "") + "…"
}
