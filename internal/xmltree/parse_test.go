package xmltree

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// codeOf returns the code of an error of Parse, "" for none.
func codeOf(tb testing.TB, err error) string {
	tb.Helper()
	if err == nil {
		return ""
	}
	e, ok := errors.AsType[*Error](err)
	if !ok {
		tb.Fatalf("Parse() = %T %v, want an *Error", err, err)
	}
	return e.Code
}

// Every document that is refused stands beside one that differs in one thing
// and is accepted.
func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ hostile, twin, code string }{
		"DOCTYPE":                     {`<!DOCTYPE r><r/>`, `<r/>`, CodeDoctype},
		"DOCTYPE in small letters":    {`<!doctype r><r/>`, `<r/>`, CodeDoctype},
		"DOCTYPE with a subset":       {`<!DOCTYPE r [<!ENTITY e "x">]><r>&amp;</r>`, `<r>&amp;</r>`, CodeDoctype},
		"DOCTYPE hiding a comment":    {`<!DOCTYPE r SYSTEM 'x"><!--'><r/>`, `<r/>`, CodeDoctype},
		"DOCTYPE behind the root":     {`<r/><!DOCTYPE r>`, `<r/>`, CodeDoctype},
		"DOCTYPE inside the root":     {`<r><!DOCTYPE r></r>`, `<r></r>`, CodeDoctype},
		"entity declaration":          {`<r><!ENTITY e "x"></r>`, `<r></r>`, CodeDoctype},
		"attribute list declaration":  {`<!ATTLIST r x CDATA #FIXED "1"><r/>`, `<r/>`, CodeDoctype},
		"processing instruction":      {`<r>a<?p x?>b</r>`, `<r>ab</r>`, CodePI},
		"stylesheet":                  {`<?xml-stylesheet href="x"?><r/>`, `<r/>`, CodePI},
		"instruction behind the root": {`<r/><?p?>`, `<r/>`, CodePI},
		"comment in text":             {`<r>admin@corp<!-- -->.evil</r>`, `<r>admin@corp.evil</r>`, CodeComment},
		"comment before the root":     {`<!-- --><r/>`, `<r/>`, CodeComment},
		"comment behind the root":     {`<r/><!-- -->`, `<r/>`, CodeComment},
		"CDATA section":               {`<r><![CDATA[x]]></r>`, `<r>x</r>`, CodeCDATA},
		"unknown declaration":         {`<r><!x></r>`, `<r></r>`, CodeWellFormed},

		"byte order mark of UTF-16BE":         {"\xFE\xFF\x00<\x00r", "\xEF\xBB\xBF<r/>", CodeEncoding},
		"byte order mark of UTF-16LE":         {"\xFF\xFE<\x00r\x00/\x00>\x00", "\xEF\xBB\xBF<r/>", CodeEncoding},
		"UTF-16LE without a mark":             {"<\x00r\x00/\x00>\x00", "<r/>", CodeEncoding},
		"UTF-16BE without a mark":             {"\x00<\x00r\x00/\x00>", "<r/>", CodeEncoding},
		"UTF-32":                              {"\x00\x00\xFE\xFF\x00\x00\x00<", "<r/>", CodeEncoding},
		"UTF-7":                               {"+ADw-r/+AD4-", "<r/>", CodeEncoding},
		"EBCDIC":                              {"\x4C\x6F\xA7\x94\x93", "<r/>", CodeEncoding},
		"two byte order marks":                {"\xEF\xBB\xBF\xEF\xBB\xBF<r/>", "\xEF\xBB\xBF<r/>", CodeWellFormed},
		"declared as Latin-1":                 {`<?xml version="1.0" encoding="ISO-8859-1"?><r/>`, `<?xml version="1.0" encoding="UTF-8"?><r/>`, CodeEncoding},
		"declared as UTF-16":                  {`<?xml version='1.0' encoding='utf-16'?><r/>`, `<?xml version='1.0' encoding='utf-8'?><r/>`, CodeEncoding},
		"XML 1.1":                             {`<?xml version="1.1"?><r/>`, `<?xml version="1.0"?><r/>`, CodeEncoding},
		"declaration with a colon":            {`<?xml version:"1.0"?><r/>`, `<?xml version="1.0"?><r/>`, CodeEncoding},
		"declaration with letters for quotes": {`<?xml version=x1.0x?><r/>`, `<?xml version="1.0"?><r/>`, CodeEncoding},
		"declaration that ends in a name":     {`<?xml version`, `<?xml version="1.0"?><r/>`, CodeEncoding},
		"declaration that ends behind '='":    {`<?xml version=`, `<?xml version="1.0"?><r/>`, CodeEncoding},
		"no version":                          {`<?xml encoding="UTF-8"?><r/>`, `<?xml version="1.0" encoding="UTF-8"?><r/>`, CodeEncoding},
		"standalone of neither yes nor no":    {`<?xml version="1.0" standalone="maybe"?><r/>`, `<?xml version="1.0" standalone="no"?><r/>`, CodeEncoding},
		"declaration in another order":        {`<?xml version="1.0" standalone="yes" encoding="UTF-8"?><r/>`, `<?xml version="1.0" encoding="UTF-8" standalone="yes"?><r/>`, CodeEncoding},
		"more in the declaration":             {`<?xml version="1.0" x="y"?><r/>`, `<?xml version="1.0"  ?><r/>`, CodeEncoding},
		"declaration without an end":          {`<?xml version="1.0"><r/>`, `<?xml version="1.0"?><r/>`, CodeEncoding},
		"declaration with a value cut off":    {`<?xml version="1.0`, `<?xml version="1.0"?><r/>`, CodeEncoding},
		"declaration without white space":     {`<?xml version="1.0"encoding="UTF-8"?><r/>`, `<?xml version="1.0" encoding="UTF-8"?><r/>`, CodeEncoding},
		"declaration behind white space":      {" <?xml version=\"1.0\"?><r/>", "<?xml version=\"1.0\"?> <r/>", CodeEncoding},
		"declaration inside the root":         {`<r><?xml version="1.0"?></r>`, `<r></r>`, CodePI},
		"NUL before the root":                 {" \x00<r/>", " <r/>", CodeEncoding},
		"NUL behind the root":                 {"<r/>\x00", "<r/>\n", CodeEncoding},

		"nothing":                          {``, `<r/>`, CodeWellFormed},
		"white space alone":                {" \n", " \n<r/>", CodeWellFormed},
		"two roots":                        {`<r/><s/>`, `<r/>`, CodeWellFormed},
		"text before the root":             {`x<r/>`, `<r/>`, CodeWellFormed},
		"text behind the root":             {`<r/>x`, `<r/>`, CodeWellFormed},
		"reference behind the root":        {`<r/>&#32;`, `<r/> `, CodeWellFormed},
		"end tag of another name":          {`<r></s>`, `<r></r>`, CodeWellFormed},
		"end tag of a longer name":         {`<r></rr>`, `<r></r>`, CodeWellFormed},
		"end tag of another prefix":        {`<a:r xmlns:a="urn:x" xmlns:b="urn:x"></b:r>`, `<a:r xmlns:a="urn:x" xmlns:b="urn:x"></a:r>`, CodeWellFormed},
		"end tag alone":                    {`</r>`, `<r></r>`, CodeWellFormed},
		"end tag too many":                 {`<r></r></r>`, `<r></r>`, CodeWellFormed},
		"end tag with an attribute":        {`<r></r x="y">`, `<r></r >`, CodeWellFormed},
		"open element":                     {`<r><s></r>`, `<r><s></s></r>`, CodeWellFormed},
		"document cut off in text":         {`<r>x`, `<r>x</r>`, CodeWellFormed},
		"document cut off in a tag":        {`<r x="y"`, `<r x="y"/>`, CodeWellFormed},
		"document cut off behind a slash":  {`<r/`, `<r/>`, CodeWellFormed},
		"document cut off behind '<'":      {`<r><`, `<r></r>`, CodeWellFormed},
		"document cut off in an end tag":   {`<r></r`, `<r></r>`, CodeWellFormed},
		"document cut off in a value":      {`<r x="y`, `<r x="y"/>`, CodeWellFormed},
		"document cut off in an entity":    {`<r>&am`, `<r>&amp;</r>`, CodeWellFormed},
		"document cut off in a name":       {`<r><ab`, `<r><ab/></r>`, CodeWellFormed},
		"document cut off in an attribute": {`<r x`, `<r x=""/>`, CodeWellFormed},
		"document cut off behind '='":      {`<r x=`, `<r x=""/>`, CodeWellFormed},
		"slash in a tag":                   {`<r / x="y"></r>`, `<r x="y"></r>`, CodeWellFormed},
		"white space before a name":        {`< r/>`, `<r />`, CodeWellFormed},
		"attributes without white space":   {`<r x="1"y="2"/>`, `<r x="1" y="2"/>`, CodeWellFormed},
		"attribute without a value":        {`<r x/>`, `<r x=""/>`, CodeWellFormed},
		"attribute without quotes":         {`<r x=1/>`, `<r x="1"/>`, CodeWellFormed},
		"attribute with two quotes":        {`<r x="1'/>`, `<r x="1"/>`, CodeWellFormed},
		"'<' in an attribute":              {`<r x="<"/>`, `<r x="&lt;"/>`, CodeWellFormed},
		"']]>' in text":                    {`<r>]]></r>`, `<r>]]&gt;</r>`, CodeWellFormed},

		"two colons at once":              {`<x::n xmlns:x="urn:x"/>`, `<x:n xmlns:x="urn:x"/>`, CodeWellFormed},
		"two colons":                      {`<a:b:c xmlns:a="urn:x"/>`, `<a:b xmlns:a="urn:x"/>`, CodeWellFormed},
		"leading colon":                   {`<:a/>`, `<a/>`, CodeWellFormed},
		"trailing colon":                  {`<a: xmlns:a="urn:x"/>`, `<a:b xmlns:a="urn:x"/>`, CodeWellFormed},
		"colon for an attribute":          {`<r :=""/>`, `<r a=""/>`, CodeWellFormed},
		"xmlns and a colon":               {`<r xmlns:="urn:x"/>`, `<r xmlns:a="urn:x"/>`, CodeWellFormed},
		"local part from a digit":         {`<a:1 xmlns:a="urn:x"/>`, `<a:_1 xmlns:a="urn:x"/>`, CodeWellFormed},
		"name from a digit":               {`<1r/>`, `<r1/>`, CodeWellFormed},
		"name from a combining mark":      {"<\u0300r/>", "<r\u0300/>", CodeWellFormed},
		"name with a multiplication sign": {"<r\u00D7/>", "<r\u00D6/>", CodeWellFormed},
		"name with broken UTF-8":          {"<r\xC3/>", "<r\u00C3/>", CodeWellFormed},

		"unknown entity":            {`<r>&nbsp;</r>`, `<r>&#160;</r>`, CodeWellFormed},
		"entity in another case":    {`<r>&AMP;</r>`, `<r>&amp;</r>`, CodeWellFormed},
		"unknown entity in a value": {`<r x="&e;"/>`, `<r x="&amp;"/>`, CodeWellFormed},
		"bare '&'":                  {`<r>a & b</r>`, `<r>a &amp; b</r>`, CodeWellFormed},
		"empty reference":           {`<r>&;</r>`, `<r>&gt;</r>`, CodeWellFormed},
		"reference without digits":  {`<r>&#;</r>`, `<r>&#9;</r>`, CodeWellFormed},
		"reference without hex":     {`<r>&#x;</r>`, `<r>&#x9;</r>`, CodeWellFormed},
		"reference with a large X":  {`<r>&#X41;</r>`, `<r>&#x41;</r>`, CodeWellFormed},
		"reference with a sign":     {`<r>&#+65;</r>`, `<r>&#65;</r>`, CodeWellFormed},
		"reference to NUL":          {`<r>&#0;</r>`, `<r>&#9;</r>`, CodeWellFormed},
		"reference to a control":    {`<r>&#x1F;</r>`, `<r>&#x20;</r>`, CodeWellFormed},
		"reference to a surrogate":  {`<r>&#xD800;</r>`, `<r>&#xD7FF;</r>`, CodeWellFormed},
		"reference to U+FFFE":       {`<r>&#xFFFE;</r>`, `<r>&#xFFFD;</r>`, CodeWellFormed},
		"reference beyond Unicode":  {`<r>&#x110000;</r>`, `<r>&#x10FFFF;</r>`, CodeWellFormed},
		"reference that overflows":  {`<r>&#4294967361;</r>`, `<r>&#65;</r>`, CodeWellFormed},

		"NUL in text":             {"<r>a\x00b</r>", "<r>ab</r>", CodeWellFormed},
		"control in text":         {"<r>a\x01b</r>", "<r>a\tb</r>", CodeWellFormed},
		"control in a value":      {"<r x='\x1F'/>", "<r x='\t'/>", CodeWellFormed},
		"control behind a word":   {"<r>abcdefgh\x0Bi</r>", "<r>abcdefgh\x7Fi</r>", CodeWellFormed},
		"U+FFFE":                  {"<r>\uFFFE</r>", "<r>\uFFFD</r>", CodeWellFormed},
		"surrogate in UTF-8":      {"<r>\xED\xA0\x80</r>", "<r>\xED\x9F\xBF</r>", CodeWellFormed},
		"over-long UTF-8":         {"<r>\xC0\xBC</r>", "<r>\xC2\xBC</r>", CodeWellFormed},
		"UTF-8 beyond Unicode":    {"<r>\xF4\x90\x80\x80</r>", "<r>\xF4\x8F\xBF\xBF</r>", CodeWellFormed},
		"UTF-8 cut off":           {"<r>\xE2\x82</r>", "<r>\xE2\x82\xAC</r>", CodeWellFormed},
		"Latin-1 in a value":      {"<r x='\xE9'/>", "<r x='\u00E9'/>", CodeWellFormed},
		"stray continuation byte": {"<r>\x80</r>", "<r>\u0080</r>", CodeWellFormed},

		"unbound prefix":                 {`<a:r/>`, `<a:r xmlns:a="urn:x"/>`, CodeNamespace},
		"unbound prefix of an attribute": {`<r a:x=""/>`, `<r a:x="" xmlns:a="urn:x"/>`, CodeNamespace},
		"prefix out of scope":            {`<r><a:s xmlns:a="urn:x"/><a:s/></r>`, `<r xmlns:a="urn:x"><a:s xmlns:a="urn:x"/><a:s/></r>`, CodeNamespace},
		"prefix bound to nothing":        {`<r xmlns:a=""/>`, `<r xmlns=""/>`, CodeNamespace},
		"relative namespace":             {`<r xmlns:a="1"/>`, `<r xmlns:a="urn:1"/>`, CodeNamespace},
		"relative default namespace":     {`<r xmlns="../x"/>`, `<r xmlns="urn:../x"/>`, CodeNamespace},
		"namespace of a scheme alone":    {`<r xmlns="urn:"/>`, `<r xmlns="urn:x"/>`, CodeNamespace},
		"namespace of no scheme":         {`<r xmlns=":x"/>`, `<r xmlns="x:x"/>`, CodeNamespace},
		"scheme from a digit":            {`<r xmlns="1a:x"/>`, `<r xmlns="a1:x"/>`, CodeNamespace},
		"namespace with a space":         {`<r xmlns="urn:a b"/>`, `<r xmlns="urn:a-b"/>`, CodeNamespace},
		"namespace with a hidden space":  {`<r xmlns="urn:a&#32;b"/>`, `<r xmlns="urn:a&#45;b"/>`, CodeNamespace},
		"namespace beyond ASCII":         {"<r xmlns='urn:\u00E9'/>", "<r xmlns='urn:e'/>", CodeNamespace},
		"prefix xml declared":            {`<r xmlns:xml="http://www.w3.org/XML/1998/namespace"/>`, `<r xmlns:xm="urn:x"/>`, CodeNamespace},
		"prefix xml declared anew":       {`<r xmlns:xml="urn:x"/>`, `<r xmlns:xm="urn:x"/>`, CodeNamespace},
		"prefix xmlns declared":          {`<r xmlns:xmlns="http://www.w3.org/2000/xmlns/"/>`, `<r xmlns:xmln="urn:x"/>`, CodeNamespace},
		"prefix xmlns declared anew":     {`<r xmlns:xmlns="urn:x"/>`, `<r xmlns:xmln="urn:x"/>`, CodeNamespace},
		"prefix xmlns used":              {`<xmlns:r/>`, `<xml:r/>`, CodeNamespace},
		"namespace of XML renamed":       {`<r xmlns:a="http://www.w3.org/XML/1998/namespace"/>`, `<r xmlns:a="http://www.w3.org/XML/1998/name"/>`, CodeNamespace},
		"namespace of xmlns by default":  {`<r xmlns="http://www.w3.org/2000/xmlns/"/>`, `<r xmlns="http://www.w3.org/2000/xmln/"/>`, CodeNamespace},

		"attribute twice":                   {`<r x="1" x="2"/>`, `<r x="1" y="2"/>`, CodeDuplicate},
		"attribute twice by expanded name":  {`<r xmlns:a="urn:x" xmlns:b="urn:x" a:x="1" b:x="2"/>`, `<r xmlns:a="urn:x" xmlns:b="urn:y" a:x="1" b:x="2"/>`, CodeDuplicate},
		"attribute twice by an escaped URI": {`<r xmlns:a="urn:x" xmlns:b="urn:&#x78;" a:x="1" b:x="2"/>`, `<r xmlns:a="urn:x" xmlns:b="urn:&#x79;" a:x="1" b:x="2"/>`, CodeDuplicate},
		"prefix declared twice":             {`<r xmlns:a="urn:x" xmlns:a="urn:y"/>`, `<r xmlns:a="urn:x" xmlns:b="urn:y"/>`, CodeDuplicate},
		"default namespace declared twice":  {`<r xmlns="urn:x" xmlns="urn:x"/>`, `<r xmlns="urn:x"/>`, CodeDuplicate},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			t.Attr("refused-by", tc.code)
			if _, err := Parse([]byte(tc.hostile), Message); codeOf(t, err) != tc.code {
				t.Errorf("Parse(%q) = %v, want %s", tc.hostile, err, tc.code)
			}
			if _, err := Parse([]byte(tc.twin), Message); err != nil {
				t.Errorf("Parse(%q) = %v, want it accepted", tc.twin, err)
			}
		})
	}
}

func TestParseNamesTheOffset(t *testing.T) {
	t.Parallel()
	for src, want := range map[string]int{
		`<r><!-- --></r>`:             3,
		"\xEF\xBB\xBF<r>&x;</r>":      6,
		`<r a="1" a="2"/>`:            9,
		`<r xmlns:a="1"/>`:            3,
		`<r><s></t></r>`:              6,
		`<?xml version="1.1"?><r/>`:   0,
		`<r>abcdefghijklmno]]></r>`:   18,
		"<r>abcdefghijklmnop\x02</r>": 19,
	} {
		_, err := Parse([]byte(src), Message)
		e, ok := errors.AsType[*Error](err)
		if !ok || e.Offset != want {
			t.Errorf("Parse(%q) = %v, want offset %d", src, err, want)
		}
	}
}

func TestParseKeepsToItsLimits(t *testing.T) {
	t.Parallel()
	nested := func(n int) string { return strings.Repeat("<a>", n) + strings.Repeat("</a>", n) }
	flat := func(n int) string { return "<r>" + strings.Repeat("<a/>", n-1) + "</r>" }
	numbered := func(format string, n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, format, i)
		}
		return b.String()
	}
	scopes := func(n int) string {
		var b strings.Builder
		for left := n; left > 0; left -= MaxNamespaces {
			b.WriteString("<a" + numbered(` xmlns:n%d="urn:x"`, min(left, MaxNamespaces)) + ">")
		}
		return b.String() + strings.Repeat("</a>", (n+MaxNamespaces-1)/MaxNamespaces)
	}
	sized := func(n int) string {
		const text = MaxText / 2
		s := "<r>"
		for len(s)+len("<a></a></r>")+text < n {
			s += "<a>" + strings.Repeat("x", text) + "</a>"
		}
		return s + strings.Repeat(" ", n-len(s)-len("</r>")) + "</r>"
	}
	for name, tc := range map[string]struct {
		build   func(int) string
		most    int
		profile Profile
	}{
		"octets of a message":     {sized, MaxMessageBytes, Message},
		"octets of metadata":      {sized, MaxMetadataBytes, Metadata},
		"depth":                   {nested, MaxDepth, Message},
		"depth of metadata":       {nested, MaxDepth, Metadata},
		"elements of a message":   {flat, MaxMessageElements, Message},
		"elements of metadata":    {flat, MaxMetadataElements, Metadata},
		"attributes":              {func(n int) string { return "<r" + numbered(` a%d=""`, n) + "/>" }, MaxAttributes, Message},
		"namespaces of a tag":     {func(n int) string { return "<r" + numbered(` xmlns:n%d="urn:x"`, n) + "/>" }, MaxNamespaces, Message},
		"namespaces in scope":     {scopes, MaxNamespacesInScope, Message},
		"text":                    {func(n int) string { return "<r>" + strings.Repeat("x", n) + "</r>" }, MaxText, Message},
		"white space":             {func(n int) string { return "<r>" + strings.Repeat("\n", n) + "</r>" }, MaxText, Message},
		"attribute value":         {func(n int) string { return `<r x="` + strings.Repeat("x", n) + `"/>` }, MaxText, Message},
		"name":                    {func(n int) string { return "<" + strings.Repeat("x", n) + "/>" }, MaxName, Message},
		"name with a prefix":      {func(n int) string { return `<a:` + strings.Repeat("x", n-2) + ` xmlns:a="urn:x"/>` }, MaxName, Message},
		"namespace":               {func(n int) string { return `<r xmlns:a="urn:` + strings.Repeat("x", n-4) + `"/>` }, MaxName, Message},
		"default namespace":       {func(n int) string { return `<r xmlns="urn:` + strings.Repeat("x", n-4) + `"/>` }, MaxName, Metadata},
		"escaped namespace":       {func(n int) string { return `<r xmlns="urn:` + strings.Repeat("&#120;", n-4) + `"/>` }, MaxName, Message},
		"name of an attribute":    {func(n int) string { return "<r " + strings.Repeat("x", n) + `=""/>` }, MaxName, Message},
		"namespaces closed again": {func(n int) string { return "<r>" + strings.Repeat(`<a xmlns:p="urn:x"/>`, 1000) + scopes(n) + "</r>" }, MaxNamespacesInScope, Message},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			t.Attr("refused-by", CodeLimit)
			if _, err := Parse([]byte(tc.build(tc.most)), tc.profile); err != nil {
				t.Errorf("at the limit: %v, want it accepted", err)
			}
			if _, err := Parse([]byte(tc.build(tc.most+1)), tc.profile); codeOf(t, err) != CodeLimit {
				t.Errorf("beyond the limit: %v, want %s", err, CodeLimit)
			}
		})
	}
}

// A million elements in each other or a million attributes end at the limit, not
// in memory.
func TestParseStopsAtTheLimitOfHugeInputs(t *testing.T) {
	t.Parallel()
	for name, src := range map[string]string{
		"elements in each other": strings.Repeat("<a>", MaxMessageBytes/3),
		"attributes":             "<r" + strings.Repeat(" a=''", MaxMessageBytes/5-1),
		"nothing but '<'":        "<r>" + strings.Repeat("<", MaxMessageBytes-3),
		"a name":                 "<" + strings.Repeat("a", MaxMessageBytes-1),
	} {
		if _, err := Parse([]byte(src), Message); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestParseMetadata(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ hostile, twin, code string }{
		"comment in a leaf":          {`<r><a>x<!-- -->y</a></r>`, `<r><!-- --><a>xy</a></r>`, CodeComment},
		"comment before a text":      {`<r><a><!-- -->x</a></r>`, `<r><!-- --><a>x</a></r>`, CodeComment},
		"comment behind a text":      {`<r><a>x<!-- --></a></r>`, `<r><a>x</a><!-- --></r>`, CodeComment},
		"comment in mixed content":   {`<r><!-- --><a/>x</r>`, `<r><!-- --><a/> </r>`, CodeComment},
		"comment beside a reference": {`<r><!-- -->&#65;</r>`, `<r><!-- -->&#10;</r>`, CodeComment},
		"comment that does not end":  {`<r><!-- ></r>`, `<r><!-- --></r>`, CodeWellFormed},
		"comment that just begins":   {`<r><!-->`, `<r><!----></r>`, CodeWellFormed},
		"comment with two dashes":    {`<r><!-- -- --></r>`, `<r><!-- - - --></r>`, CodeWellFormed},
		"comment with three dashes":  {`<r><!-- ---></r>`, `<r><!-- - --></r>`, CodeWellFormed},
		"comment with a control":     {"<r><!-- \x01 --></r>", "<r><!-- \t\u00E9 --></r>", CodeWellFormed},
		"comment with broken UTF-8":  {"<r><!-- \xE9 --></r>", "<r><!-- \u00E9 --></r>", CodeWellFormed},
		"DOCTYPE behind a comment":   {`<!-- --><!DOCTYPE r><r/>`, `<!-- --><r/><!-- -->`, CodeDoctype},
		"DOCTYPE in a comment":       {`<!DOCTYPE r><r/>`, `<!-- <!DOCTYPE r> --><r/>`, CodeDoctype},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			t.Attr("refused-by", tc.code)
			if _, err := Parse([]byte(tc.hostile), Metadata); codeOf(t, err) != tc.code {
				t.Errorf("Parse(%q) = %v, want %s", tc.hostile, err, tc.code)
			}
			if _, err := Parse([]byte(tc.twin), Metadata); err != nil {
				t.Errorf("Parse(%q) = %v, want it accepted", tc.twin, err)
			}
		})
	}
}

// The shortest start of a comment is none of its end, also where its text is read
// again. What stands in a comment is nobody's value.
func TestCommentsHoldNoContent(t *testing.T) {
	t.Parallel()
	for src, want := range map[string]string{
		`<r><!-->evil--></r>`:                "",
		`<r><!-->&<!--></r>`:                 "",
		`<r><!-- -->&#10;<!-->evil--></r>`:   "\n",
		`<r><!----> <!-->--></r>`:            " ",
		`<r><!--&evil;<!-->&#32;<!----></r>`: " ",
	} {
		root := parse(t, src, Metadata)
		if got, ok := root.Leaf(); !ok || got != want {
			t.Errorf("Leaf() of %s = %q, %t, want %q", src, got, ok, want)
		}
		if got := string(root.Lead().AppendCanonical(nil)); got != want {
			t.Errorf("canonical form of %s = %q, want %q", src, got, want)
		}
	}
}

// What stands in messages of real identity providers.
func TestParseAccepts(t *testing.T) {
	t.Parallel()
	for name, src := range map[string]string{
		"declaration in single quotes": `<?xml version='1.0' encoding='utf-8' standalone='no' ?><r/>`,
		"declaration over lines":       "<?xml\n version = \"1.0\"\r\n\tencoding=\"UTF-8\"?>\r\n<r/>",
		"byte order mark":              "\xEF\xBB\xBF<?xml version=\"1.0\"?><r/>\n",
		"white space in tags":          "<r\n a = '1'\t\n b\r\n=\r\"2\" ></r\n>",
		"letters beyond ASCII":         "<größe länge='ü'>日本</größe>",
		"default namespace taken away": `<r xmlns="urn:x"><s xmlns=""/></r>`,
		"prefix re-bound":              `<a:r xmlns:a="urn:x"><a:s xmlns:a="urn:y" a:b=""/><a:t/></a:r>`,
		"prefix declared behind use":   `<a:r a:x="" xmlns:a="urn:x"/>`,
		"xml attributes":               `<r xml:lang="en" xml:space="preserve" xml:base="x" xml:id="y"/>`,
		"leading zeroes":               `<r>&#000065;&#x0000041;</r>`,
		"carriage return references":   "<r>AAAA&#13;\nBBBB&#xD;\n</r>",
		"unused prefixes":              `<r xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/" xmlns:x="urn:x"/>`,
		"']]' in text and '>' in both": `<r x="]]>">a]]b>c]></r>`,
	} {
		if _, err := Parse([]byte(src), Message); err != nil {
			t.Errorf("%s: Parse(%q) = %v, want it accepted", name, src, err)
		}
	}
}

// In a tag with many names, and below many declarations, the rules are the same.
func TestParseRefusesAmongMany(t *testing.T) {
	t.Parallel()
	numbered := func(format string, n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, format, i)
		}
		return b.String()
	}
	const many = MaxNamespaces
	declared := numbered(` xmlns:n%d="urn:%[1]d"`, many)
	used := numbered(` n%d:x=""`, many)
	for name, tc := range map[string]struct{ hostile, twin, code string }{
		"the first attribute again":   {"<r" + numbered(` a%d=""`, many) + ` a0=""/>`, "<r" + numbered(` a%d=""`, many) + ` b0=""/>`, CodeDuplicate},
		"the last attribute again":    {"<r" + numbered(` a%d=""`, many) + ` a31=""/>`, "<r" + numbered(` a%d=""`, many) + ` a32=""/>`, CodeDuplicate},
		"an expanded name again":      {"<r" + declared + "><a" + used + ` xmlns:o="urn:7" o:x=""/></r>`, "<r" + declared + "><a" + used + ` xmlns:o="urn:70" o:x=""/></r>`, CodeDuplicate},
		"an unbound prefix":           {"<r" + declared + `><n32:a/></r>`, "<r" + declared + `><n31:a/></r>`, CodeNamespace},
		"an unbound attribute prefix": {"<r" + declared + `><a n32:x=""/></r>`, "<r" + declared + `><a n0:x=""/></r>`, CodeNamespace},
	} {
		if _, err := Parse([]byte(tc.hostile), Message); codeOf(t, err) != tc.code {
			t.Errorf("%s: %v, want %s", name, err, tc.code)
		}
		if _, err := Parse([]byte(tc.twin), Message); err != nil {
			t.Errorf("the twin of %s: %v", name, err)
		}
	}
	inner := parse(t, "<r"+declared+`><n7:a xmlns:n7="urn:inner"><n7:b n7:x=""/><n8:c/></n7:a><n7:d/></r>`, Message)
	a := inner.FirstChild()
	b := a.FirstChild()
	if a.Space() != "urn:inner" || b.Space() != "urn:inner" || b.NextSibling().Space() != "urn:8" || a.NextSibling().Space() != "urn:7" {
		t.Error("another binding than the innermost was found")
	}
}
