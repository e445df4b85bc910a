package main

import (
	"bytes"
	"encoding/base64"
	"html"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"
)

// maxLayers is how many wrappings may lie around a thing. Messages have three,
// and somebody encodes one once more.
const maxLayers = 8

// A peeler takes the wrappings off one source.
type peeler struct {
	source string
	now    time.Time
	budget int // octets that may still be decoded
	things []*thing
}

// A layer is what lies below some wrappings.
type layer struct {
	content  []byte
	wrapping []string
	problems []problem
	notes    []string
	carrier  *carrier
}

// below returns what a wrapping of this name held.
func (l layer) below(name string, content []byte) layer {
	l.content = content
	l.wrapping = append(slices.Clone(l.wrapping), name)
	l.problems, l.notes = slices.Clone(l.problems), slices.Clone(l.notes)
	return l
}

// inspect returns what the content of a source is, at least one thing.
func inspect(source string, content []byte, now time.Time) []*thing {
	p := &peeler{source: source, now: now, budget: maxDecoded}
	l := layer{content: content}
	if len(content) > maxInspect {
		l.content = content[:maxInspect]
		l.problems = append(l.problems, placed("bind.size", "file", content, maxInspect, "larger than 5 MiB; the rest is not read"))
	}
	p.peel(l)
	return p.things
}

// add makes a layer a thing, if there is room for one more.
func (p *peeler) add(l layer, kind string) *thing {
	t := &thing{
		Source: p.source, Number: len(p.things) + 1, Kind: kind, Wrapping: l.wrapping, Size: len(l.content),
		Complete: len(l.problems) == 0, Problems: l.problems, Notes: l.notes, Carrier: l.carrier,
	}
	if len(p.things) < maxThings {
		p.things = append(p.things, t)
	} else {
		p.things[maxThings-1].note("there is more in this source; at most %d things are shown", maxThings)
	}
	return t
}

// full reports whether there is room for nothing more.
func (p *peeler) full() bool { return len(p.things) >= maxThings }

// peel takes off one wrapping after the other until something known is left.
func (p *peeler) peel(l layer) {
	text := bytes.TrimSpace(bytes.TrimPrefix(l.content, []byte("\xef\xbb\xbf")))
	switch {
	case len(text) == 0:
		p.unknown(l, "there is nothing in it")
	case len(l.wrapping) == maxLayers:
		p.unknown(l, "more than 8 wrappings lie around it")
	case p.peelUTF16(l):
	case p.peelPage(l, text):
	case text[0] == '<':
		p.peelXML(l)
	case bytes.HasPrefix(text, []byte("&lt;")):
		p.peel(l.below("XML escapes", []byte(html.UnescapeString(string(text)))))
	case bytes.Contains(text, []byte(pemBegin)):
		p.peelPEM(l)
	case hasParameter(string(text)):
		p.peelParameters(l, string(text))
	case text[0] == asn1Sequence && p.peelDER(l, "DER"):
	case !utf8.Valid(l.content):
		p.peelBinary(l)
	case p.peelBase64(l, string(text)):
	case p.peelPercent(l, string(text)):
	case p.peelRest(l, text):
	case text[0] == '{' || text[0] == '[':
		p.unknown(l, "this is JSON, perhaps an OpenID Connect configuration or token")
	case bytes.HasPrefix(text, []byte("http://")) || bytes.HasPrefix(text, []byte("https://")):
		p.unknown(l, "a URL without SAMLRequest or SAMLResponse; nothing is fetched")
	default:
		p.unknown(l, "neither XML, base64, a URL or form with a message, nor a certificate")
	}
}

func (p *peeler) unknown(l layer, why string) { p.add(l, kindUnknown).note("%s", why) }

// peelUTF16 turns the text of Windows tools into the only encoding that is
// read, when a byte order mark says so.
func (p *peeler) peelUTF16(l layer) bool {
	c := l.content
	var first, second int
	switch {
	case bytes.HasPrefix(c, []byte("\xff\xfe")):
		first, second = 0, 1
	case bytes.HasPrefix(c, []byte("\xfe\xff")):
		first, second = 1, 0
	default:
		return false
	}
	units := make([]uint16, 0, len(c)/2)
	for i := 2; i+1 < len(c); i += 2 {
		units = append(units, uint16(c[i+first])|uint16(c[i+second])<<8)
	}
	l = l.below("UTF-16", []byte(string(utf16.Decode(units))))
	l.notes = append(l.notes, "it is in UTF-16; a message in it is refused (xml.encoding), metadata are read")
	p.peel(l)
	return true
}

// formField finds the fields of a page that posts a message.
var formField = regexp.MustCompile(`(?i)<input\b[^<>]*>`)

var (
	fieldName  = regexp.MustCompile(`(?i)\bname\s*=\s*["']?(SAMLRequest|SAMLResponse|RelayState)["'\s/>]`)
	fieldValue = regexp.MustCompile(`(?i)\bvalue\s*=\s*(?:"([^"]*)"|'([^']*)')`)
)

// peelPage takes the message out of the page that posts it, and names other
// pages.
func (p *peeler) peelPage(l layer, text []byte) bool {
	const enough = 1024
	start := bytes.ToLower(text[:min(len(text), enough)])
	if text[0] != '<' || !bytes.Contains(start, []byte("<!doctype html")) && !bytes.Contains(start, []byte("<html")) && !bytes.HasPrefix(start, []byte("<form")) {
		return false
	}
	fields := map[string]string{}
	for _, field := range formField.FindAll(text, maxThings) {
		name, value := fieldName.FindSubmatch(field), fieldValue.FindSubmatch(field)
		if name != nil && value != nil {
			fields[string(name[1])] = html.UnescapeString(string(value[1]) + string(value[2]))
		}
	}
	found := false
	for _, name := range []string{"SAMLRequest", "SAMLResponse"} {
		if value := fields[name]; value != "" {
			found = true
			inner := l.below("web page", []byte(value))
			inner.carrier = &carrier{Parameter: name, RelayState: fields["RelayState"]}
			p.peel(inner)
		}
	}
	if !found {
		p.add(l.below("HTML", l.content), kindWebPage).note("this is a web page without a message in it")
	}
	return true
}

var parameter = regexp.MustCompile(`(?:^|[?&#\s"';])SAML(?:Request|Response)=`)

// hasParameter reports whether a message stands in s as in a URL or form.
func hasParameter(s string) bool { return parameter.MatchString(s) }

// peelParameters takes the messages out of URLs, queries and forms.
func (p *peeler) peelParameters(l layer, text string) {
	places := parameter.FindAllStringIndex(text, maxThings+1)
	pieces := []string{text}
	if len(places) > 1 && strings.ContainsAny(text, " \t\r\n") {
		pieces = strings.Fields(text)
	}
	for _, piece := range pieces {
		if hasParameter(piece) && !p.full() {
			p.peelQuery(l, piece)
		}
	}
}

// peelQuery takes the messages out of one URL, query or form.
func (p *peeler) peelQuery(l layer, text string) {
	c := carrier{}
	kind := "form"
	if i := strings.IndexAny(text, "?#"); i >= 0 {
		kind = "URL"
		c.Address, text = strings.Trim(text[:i], `"' `), text[i+1:]
		if j := strings.LastIndexAny(c.Address, " \t\r\n\"'"); j >= 0 {
			c.Address = c.Address[j+1:]
		}
	}
	type encoded struct{ parameter, value string }
	var messages []encoded
	for field := range strings.FieldsFuncSeq(text, func(r rune) bool { return strings.ContainsRune("&;#\"'", r) }) {
		name, value, _ := strings.Cut(strings.TrimSpace(field), "=")
		switch name {
		case "SAMLRequest", "SAMLResponse":
			if kind == "URL" { // the rest of a line of a log is none of it
				value, _, _ = strings.Cut(value, " ")
			}
			if len(messages) < maxThings {
				messages = append(messages, encoded{name, percentDecoded(value)})
			}
		case "RelayState":
			c.RelayState = percentDecoded(strings.ReplaceAll(value, "+", " "))
		case "SigAlg":
			c.SigAlg = percentDecoded(value)
		case "Signature":
			c.Signature = percentDecoded(value)
		}
	}
	for _, m := range messages {
		inner := l.below(kind, []byte(m.value))
		inner.carrier = &carrier{c.Address, m.parameter, c.RelayState, c.SigAlg, c.Signature}
		p.peel(inner)
	}
	if len(messages) == 0 {
		p.unknown(l, "a URL or form whose message cannot be made out")
	}
}

// percentDecoded resolves what is percent-encoded and leaves the rest, a plus
// sign too: in base64 it stands for itself, whatever a form says.
func percentDecoded(s string) string {
	if decoded, err := url.PathUnescape(s); err == nil {
		return decoded
	}
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			if decoded, err := url.PathUnescape(s[i : i+3]); err == nil {
				out = append(out, decoded...)
				i += 2
				continue
			}
		}
		out = append(out, s[i])
	}
	return string(out)
}

// peelPercent takes off one percent-encoding.
func (p *peeler) peelPercent(l layer, text string) bool {
	if !strings.Contains(text, "%") || strings.ContainsAny(text, "<>") {
		return false
	}
	decoded := percentDecoded(text)
	if decoded == text {
		return false
	}
	p.peel(l.below("percent-encoding", []byte(decoded)))
	return true
}

var markup = regexp.MustCompile(`<[A-Za-z_?]`)

// peelRest skips what stands before XML, such as the start of a line of a log.
func (p *peeler) peelRest(l layer, text []byte) bool {
	at := markup.FindIndex(text)
	if at == nil {
		return false
	}
	inner := l.below("text", text[at[0]:])
	inner.notes = append(inner.notes, "text before the XML was skipped")
	p.peel(inner)
	return true
}

// base64Run returns the beginning of s that is base64, of whichever alphabet
// and with white space.
func base64Run(s string) string {
	padded := false
	for i := range len(s) {
		switch c := s[i]; {
		case c == ' ' || c == '\t' || c == '\r' || c == '\n':
		case c == '=':
			padded = true
		case padded:
			return s[:i]
		case c >= 'A' && c <= 'Z', c >= 'a' && c <= 'z', c >= '0' && c <= '9', strings.IndexByte("+/-_", c) >= 0:
		default:
			return s[:i]
		}
	}
	return s
}

// peelBase64 decodes base64 up to where it is damaged. A text that is base64
// for a short while only is something else.
func (p *peeler) peelBase64(l layer, text string) bool {
	const least = 16
	text = strings.Trim(text, "\"'`")
	run := base64Run(text)
	if len(run) < least || len(run) < len(text)/2 && len(run) < 4*least {
		return false
	}
	if strings.HasPrefix(text[len(run):], "%") { // percent-encoding comes off first
		return false
	}
	content, blanks := decodeBase64(run)
	if blanks {
		l.notes = append(slices.Clone(l.notes), "blanks stand where '+' stood; a form was decoded once too often")
	}
	p.budget -= len(content)
	inner := l.below("base64", content)
	if len(run) < len(text) {
		inner.problems = append(inner.problems, placed("bind.base64", "base64", []byte(text), len(run), "a character outside the alphabet of base64; the rest is not read"))
	}
	if strings.ContainsAny(run, "-_") {
		inner.notes = append(inner.notes, "the base64 is of the URL-safe alphabet, which a message may not use")
	}
	if p.budget < 0 {
		p.unknown(inner, "too much to decode in one source")
		return true
	}
	if len(content) == 0 {
		return false
	}
	if utf8.Valid(content) && len(l.wrapping) == 0 && !plausible(content) {
		return false // words are base64 too
	}
	p.peel(inner)
	return true
}

// plausible reports whether text can be something that was encoded.
func plausible(content []byte) bool {
	text := bytes.TrimSpace(bytes.TrimPrefix(content, []byte("\xef\xbb\xbf")))
	if len(text) == 0 {
		return false
	}
	return text[0] == '<' || len(base64Run(string(text))) == len(text) ||
		hasParameter(string(text)) || bytes.Contains(text, []byte(pemBegin)) || bytes.HasPrefix(text, []byte("&lt;"))
}

// decodeBase64 decodes base64 of either alphabet, padded or not, and reports
// whether its blanks were taken for plus signs.
func decodeBase64(run string) (content []byte, blanks bool) {
	content = decodePacked(run)
	if !strings.Contains(run, " ") || known(content) {
		return content, false
	}
	if other := decodePacked(strings.ReplaceAll(run, " ", "+")); known(other) {
		return other, true
	}
	return content, false
}

// known reports whether content needs no other way of decoding.
func known(content []byte) bool {
	if plausible(content) {
		return utf8.Valid(content)
	}
	const enough = 1024
	_, ok := inflate(content, enough)
	return ok || isCertificate(content)
}

func decodePacked(run string) []byte {
	packed := make([]byte, 0, len(run))
	for i := range len(run) {
		switch c := run[i]; c {
		case ' ', '\t', '\r', '\n', '=':
		case '-':
			packed = append(packed, '+')
		case '_':
			packed = append(packed, '/')
		default:
			packed = append(packed, c)
		}
	}
	if len(packed)%4 == 1 { // a lone digit says nothing
		packed = packed[:len(packed)-1]
	}
	n, err := base64.RawStdEncoding.Decode(packed, packed)
	if err != nil {
		return nil
	}
	return packed[:n]
}
