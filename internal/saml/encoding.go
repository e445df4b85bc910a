package saml

import (
	"bytes"
	"io"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"github.com/sallyport/sallyport/internal/xmltree"
)

// Byte order marks. One of UTF-32 begins with one of UTF-16.
const (
	markUTF16BE = "\xFE\xFF"
	markUTF16LE = "\xFF\xFE"
	markUTF32LE = "\xFF\xFE\x00\x00"
	markUTF32BE = "\x00\x00\xFE\xFF"
)

// declaredEncoding finds the encoding that a document names at its beginning.
var declaredEncoding = regexp.MustCompile(`^<\?xml[ \t\r\n][^<>]{0,100}?encoding[ \t\r\n]*=[ \t\r\n]*["']([A-Za-z0-9._-]{1,40})["']`)

// Text returns in UTF-8 what somebody brings as metadata or as a certificate, before
// anything else reads it: Windows saves UTF-16, with its mark or without, and old
// tools Windows-1252. A document says that it is in UTF-8 then: what its
// declaration says may be older than what tools, browsers and clipboards have made
// of it since [XML 4.3.3]. What is no text comes back as it is. The error is always
// a [*MetadataError]; no text is longer than the longest metadata.
//
// Signatures are over characters, so nothing that is signed changes.
func Text(src []byte) ([]byte, error) {
	switch {
	case hasAnyPrefix(src, markUTF32LE, markUTF32BE, "<\x00\x00\x00", "\x00\x00\x00<"):
		return nil, otherEncoding("UTF-32")
	case hasAnyPrefix(src, markUTF16LE, "<\x00"):
		return converted(src, unicode.UTF16(unicode.LittleEndian, unicode.UseBOM), "UTF-16")
	case hasAnyPrefix(src, markUTF16BE, "\x00<"):
		return converted(src, unicode.UTF16(unicode.BigEndian, unicode.UseBOM), "UTF-16")
	}
	name, _ := declared(src)
	if utf8.Valid(src) {
		return relabelled(src), nil
	}
	switch strings.ToLower(name) {
	case "", "utf-8", "utf8": // no text, or a damaged one, which is for the reader to say
		return src, nil
	case "iso-8859-1", "latin1", "windows-1252", "cp1252", "us-ascii":
		return converted(src, charmap.Windows1252, name)
	default:
		return nil, otherEncoding(name)
	}
}

// converted returns a text in UTF-8. Characters that were lost are not made up for.
func converted(src []byte, from encoding.Encoding, name string) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(from.NewDecoder().Reader(bytes.NewReader(src)), xmltree.MaxMetadataBytes+1))
	switch {
	case err == nil && len(text) > xmltree.MaxMetadataBytes: // the last character may be cut
		return nil, &MetadataError{Code: MetadataSize, Detail: "want at most 5 MiB, got more"}
	case err != nil || bytes.ContainsRune(text, utf8.RuneError):
		return nil, &MetadataError{Code: MetadataEncoding, Detail: "this is " + name + " with characters that are damaged"}
	}
	return relabelled(text), nil
}

// declared returns the encoding that a document names, and where; "": none.
func declared(src []byte) (name string, at [2]int) {
	text := unpadded(src)
	m := declaredEncoding.FindSubmatchIndex(text)
	if m == nil {
		return "", at
	}
	before := len(src) - len(text)
	return string(text[m[2]:m[3]]), [2]int{before + m[2], before + m[3]}
}

// relabelled returns a document in UTF-8 that names no other encoding.
func relabelled(text []byte) []byte {
	name, at := declared(text)
	if name == "" || strings.EqualFold(name, "UTF-8") {
		return text
	}
	return slices.Concat(text[:at[0]], []byte("UTF-8"), text[at[1]:])
}

func otherEncoding(name string) error {
	return &MetadataError{Code: MetadataEncoding, Detail: "want UTF-8, UTF-16 or Windows-1252, got " + quote(name)}
}

func hasAnyPrefix(src []byte, prefixes ...string) bool {
	for _, p := range prefixes {
		if bytes.HasPrefix(src, []byte(p)) {
			return true
		}
	}
	return false
}
