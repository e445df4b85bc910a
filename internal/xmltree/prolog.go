package xmltree

import "strings"

// foreignStarts are the first octets of documents in other encodings, with
// and without a byte order mark. [XML F.1]
var foreignStarts = [...]string{"\xFE\xFF", "\xFF\xFE", "\x00\x00\xFE\xFF", "\x00<", "<\x00", "\x00\x00\x00<", "+/v", "+ADw", "\x4C\x6F\xA7\x94"}

// prolog reads what stands before everything else: a byte order mark and the XML
// declaration, both optional.
func (p *parser) prolog() error {
	for _, start := range foreignStarts {
		if strings.HasPrefix(p.src, start) {
			return fail(CodeEncoding, 0, "the document is not in UTF-8")
		}
	}
	if strings.HasPrefix(p.src, "\xEF\xBB\xBF") {
		p.pos = 3
	}
	if !isXMLDecl(p.src[p.pos:]) {
		return nil
	}
	return p.xmlDecl()
}

// isXMLDecl reports whether s begins like an XML declaration.
func isXMLDecl(s string) bool {
	const target = "<?xml"
	return len(s) > len(target) && s[:len(target)] == target &&
		(s[len(target)] == '?' || classes[s[len(target)]]&white != 0)
}

// xmlDecl reads the XML declaration: version 1.0, encoding UTF-8 or none named,
// standalone yes or no. [XML 2.8]
func (p *parser) xmlDecl() error {
	begin := p.pos
	bad := func(what string) error { return fail(CodeEncoding, begin, "%s in the XML declaration", what) }
	version, rest, ok := pseudoAttr(p.src[begin+len("<?xml"):], "version")
	if !ok || version != "1.0" {
		return bad("another version than 1.0")
	}
	encoding, rest, ok := pseudoAttr(rest, "encoding")
	if ok && !strings.EqualFold(encoding, "UTF-8") {
		return bad("another encoding than UTF-8")
	}
	standalone, rest, ok := pseudoAttr(rest, "standalone")
	if ok && standalone != "yes" && standalone != "no" {
		return bad("standalone is neither yes nor no")
	}
	rest = rest[skipWhite(rest, 0):]
	if !strings.HasPrefix(rest, "?>") {
		return bad("something unknown")
	}
	p.pos = len(p.src) - len(rest) + len("?>")
	return nil
}

// pseudoAttr reads white space, name="value" from the start of s. If something
// else stands there it returns s as it is; nothing good is behind a value that
// does not end.
func pseudoAttr(s, name string) (value, rest string, ok bool) {
	i := skipWhite(s, 0)
	if i == 0 || !strings.HasPrefix(s[i:], name) {
		return "", s, false
	}
	i = skipWhite(s, i+len(name))
	if i == len(s) || s[i] != '=' {
		return "", s, false
	}
	i = skipWhite(s, i+1)
	if i == len(s) || s[i] != '"' && s[i] != '\'' {
		return "", s, false
	}
	return strings.Cut(s[i+1:], s[i:i+1])
}
