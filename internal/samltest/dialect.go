package samltest

import (
	"strings"
)

// A Dialect is how a product writes XML: its prefixes, quotes, line ends and
// whatever else makes no difference to a reader.
type Dialect string

// The dialects. Those that bear the name of a product write as it is known to.
const (
	Prefixed          Dialect = "prefixed"           // all elements with prefixes, on one line
	DefaultNamespaces Dialect = "default namespaces" // no element of SAML's assertions or of signatures with a prefix
	NoPrefixes        Dialect = "no prefixes"        // none at all
	SAML2             Dialect = "saml2"              // prefixes of OpenSAML, a declaration, types on values
	Java              Dialect = "Java"               // the same with &#13; in its base64
	Lines             Dialect = "lines"              // CR LF between all elements
	Quotes            Dialect = "quotes"             // single quotes, a byte order mark
	Declarations      Dialect = "declarations"       // namespaces that nothing uses, foreign attributes
)

// prefixes of everything we write, with their namespaces.
var prefixes = map[string]string{"samlp": nsProtocol, "saml": nsAssertion, "ds": nsSignature}

// A style says what a dialect does.
type style struct {
	prolog   string
	prefixes map[string]string // what a prefix of ours becomes; "": the default namespace
	single   bool              // quotes
	between  string            // tags
	wrap     string            // what ends the lines of base64
	add      map[string]string // attributes, to start tags by name; see style.attributes
}

const (
	xsi      = `xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"`
	xs       = `xmlns:xs="http://www.w3.org/2001/XMLSchema"`
	typed    = ` ` + xs + ` ` + xsi + ` xsi:type="xs:string"`
	anyType  = ` ` + xs + ` ` + xsi + ` xsi:type="xs:anyType"`
	origin   = ` xmlns:a="http://schemas.xmlsoap.org/ws/2009/09/identity/claims" a:OriginalIssuer="https://idp.example"`
	consent  = ` Consent="urn:oasis:names:tc:SAML:2.0:consent:unspecified"`
	encoding = ` xmlns:x500="urn:oasis:names:tc:SAML:2.0:profiles:attribute:X500" x500:Encoding="LDAP"`
	unused   = ` xmlns:enc="http://www.w3.org/2001/04/xmlenc#" ` + xs + ` ` + xsi
)

// styleOf returns the style of a dialect.
func styleOf(d Dialect) style {
	opensaml := map[string]string{"samlp": "saml2p", "saml": "saml2"}
	switch d {
	case Prefixed, "":
		return style{}
	case DefaultNamespaces:
		return style{prefixes: map[string]string{"saml": "", "ds": ""}, add: map[string]string{"samlp:Response": consent, "saml:Attribute": origin}}
	case NoPrefixes:
		return style{prefixes: map[string]string{"samlp": "", "saml": "", "ds": ""}, add: map[string]string{"saml:AttributeValue": anyType}}
	case SAML2:
		return style{prefixes: opensaml, prolog: `<?xml version="1.0" encoding="UTF-8"?>`, add: map[string]string{"saml:AttributeValue": typed}}
	case Java:
		return style{prefixes: opensaml, prolog: `<?xml version="1.0" encoding="UTF-8" standalone="no"?>`, wrap: "&#13;\n", add: map[string]string{"saml:AttributeValue": anyType}}
	case Lines:
		return style{prefixes: map[string]string{"ds": "dsig"}, prolog: "<?xml version=\"1.0\"?>\r\n", between: "\r\n  ", wrap: "\r\n"}
	case Quotes:
		return style{single: true, prolog: "\xef\xbb\xbf<?xml version='1.0' encoding='utf-8'?>\n"}
	case Declarations:
		return style{add: map[string]string{"samlp:Response": unused, "saml:Attribute": encoding}}
	}
	panic("samltest: no dialect " + string(d))
}

// document writes a whole document in the dialect.
func (d Dialect) document(doc string) string {
	s := styleOf(d)
	text := s.write(doc)
	if len(doc) < 2 || doc[0] != '<' || doc[1] < '!' || doc[1] == '?' {
		return text // what is no document, or has a beginning of its own
	}
	return s.prolog + text
}

// fragment writes a part of a document in the dialect.
func (d Dialect) fragment(text string) string {
	s := styleOf(d)
	return s.write(text)
}

// A scope is what holds inside of an element.
type scope struct {
	source, written string // the name of the element, as it was and as it is
	was, is         string // the default namespace
	bound           map[string]string
}

// write changes a text into the style, tag by tag. What is no tag stays as it
// is, and a tag that is none as far as it can.
func (s *style) write(text string) string {
	if s.prefixes == nil && !s.single && s.between == "" && s.wrap == "" && s.add == nil {
		return text
	}
	var out strings.Builder
	open := []scope{{bound: prefixes}}
	done := 0
	for _, t := range tags(text) {
		between := s.text(text[done:t.start], open[len(open)-1].source)
		if between == "" && done > 0 {
			between = s.between
		}
		out.WriteString(between)
		done = t.end
		if t.kind == endTag {
			name := s.name(t.name)
			if top := open[len(open)-1]; len(open) > 1 && top.source == t.name {
				name, open = top.written, open[:len(open)-1]
			}
			out.WriteString("</" + name + text[t.start+len("</")+len(t.name):t.end])
			continue
		}
		written, inside := s.tag(text[t.start:t.end], t.name, open[len(open)-1])
		out.WriteString(written)
		if t.kind == startTag {
			open = append(open, inside)
		}
	}
	out.WriteString(text[done:])
	return out.String()
}

// text writes what stands between two tags, of which the first is that of an
// element.
func (s *style) text(text, within string) string {
	switch within {
	case "ds:SignatureValue", "ds:DigestValue", "ds:X509Certificate", "xenc:CipherValue":
		if s.wrap != "" && isBase64(text) {
			return wrapped(text, s.wrap)
		}
	}
	return text
}

func isBase64(text string) bool {
	return text != "" && strings.Trim(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=") == ""
}

// wrapped ends every line of 76 letters, and the last.
func wrapped(text, end string) string {
	var out strings.Builder
	for len(text) > 76 {
		out.WriteString(text[:76] + end)
		text = text[76:]
	}
	return out.String() + text + end
}

// name returns what becomes of a name where nothing is known of its scope.
func (s *style) name(name string) string {
	prefix, local, ok := strings.Cut(name, ":")
	to, known := s.prefixes[prefix]
	switch {
	case !ok || !known || strings.Contains(local, ":"):
		return name
	case to == "":
		return local
	}
	return to + ":" + local
}

// tag writes a start tag and returns the scope inside of it.
func (s *style) tag(text, name string, around scope) (string, scope) {
	inside := scope{source: name, written: name, was: around.was, is: around.is, bound: around.bound}
	attrs, end, ok := attributes(text[len("<")+len(name):])
	if !ok || strings.Count(name, ":") > 1 {
		return text, inside
	}
	if _, given := s.add[name]; given && !clashes(attrs, s.add[name]) {
		more, _, _ := attributes(s.add[name] + ">")
		attrs = append(attrs, more...)
	}
	own := false // default namespace
	var kept []attribute
	for _, a := range attrs {
		prefix, declares := strings.CutPrefix(a.name, "xmlns:")
		to, known := s.prefixes[prefix]
		switch {
		case a.name == "xmlns":
			own, inside.was, inside.is = true, a.value, a.value
		case declares && known && to == "" && a.value != "":
			inside.bound = bind(inside.bound, prefix, a.value)
			continue
		case declares && known:
			a.name = "xmlns:" + to
		}
		kept = append(kept, a)
	}
	kept = s.spell(kept, inside)
	prefix, local, qualified := strings.Cut(name, ":")
	to, known := s.prefixes[prefix]
	switch space := inside.bound[prefix]; {
	case !qualified && !own && inside.is != inside.was:
		kept = append([]attribute{{"xmlns", inside.was, '"'}}, kept...)
		inside.is = inside.was
	case !qualified || !known:
	case to != "":
		inside.written = to + ":" + local
	case space == "" || own:
		kept = append(kept, attribute{"xmlns:" + prefix, space, '"'})
	default:
		if inside.written = local; inside.is != space {
			kept = append([]attribute{{"xmlns", space, '"'}}, kept...)
			inside.is = space
		}
	}
	return "<" + inside.written + s.join(kept) + end, inside
}

// spell gives the names of attributes their prefixes.
func (s *style) spell(attrs []attribute, inside scope) []attribute {
	declared := map[string]bool{}
	for i, a := range attrs {
		prefix, local, qualified := strings.Cut(a.name, ":")
		to, known := s.prefixes[prefix]
		switch {
		case !qualified || !known:
		case to != "":
			attrs[i].name = to + ":" + local
		case !declared[prefix]: // an attribute has no default namespace
			declared[prefix] = true
			attrs = append(attrs, attribute{"xmlns:" + prefix, inside.bound[prefix], '"'})
		}
	}
	return attrs
}

// join writes attributes.
func (s *style) join(attrs []attribute) string {
	var out strings.Builder
	for _, a := range attrs {
		quote := string(a.quote)
		if s.single && !strings.Contains(a.value, "'") {
			quote = "'"
		}
		out.WriteString(" " + a.name + "=" + quote + a.value + quote)
	}
	return out.String()
}

func bind(bound map[string]string, prefix, space string) map[string]string {
	more := map[string]string{prefix: space}
	for p, s := range bound {
		if p != prefix {
			more[p] = s
		}
	}
	return more
}

// An attribute is one as it is written.
type attribute struct {
	name, value string
	quote       byte
}

// attributes takes the inside of a tag apart, and returns what ends it. It
// reports false for what is no list of attributes.
func attributes(text string) (attrs []attribute, end string, ok bool) {
	for {
		rest := strings.TrimLeft(text, " \t\r\n")
		if rest == ">" || rest == "/>" {
			return attrs, rest, true
		}
		n := nameLen(rest)
		if n == 0 || len(rest) == len(text) || len(rest) < n+3 || rest[n] != '=' || rest[n+1] != '"' && rest[n+1] != '\'' {
			return nil, "", false
		}
		shut := strings.IndexByte(rest[n+2:], rest[n+1])
		if shut < 0 {
			return nil, "", false
		}
		attrs = append(attrs, attribute{rest[:n], rest[n+2 : n+2+shut], rest[n+1]})
		text = rest[n+2+shut+1:]
	}
}

// clashes reports whether a tag has one of the attributes already.
func clashes(attrs []attribute, more string) bool {
	for _, a := range attrs {
		if strings.Contains(more, " "+a.name+"=") || strings.HasPrefix(a.name, "xsi:") {
			return true
		}
	}
	return false
}
