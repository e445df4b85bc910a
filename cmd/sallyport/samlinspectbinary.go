package main

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"io"
)

// peelBinary decompresses what is no text.
func (p *peeler) peelBinary(l layer) {
	found, ok := inflate(l.content, min(maxInspect, max(p.budget, 0)))
	if !ok {
		if bytes.HasPrefix(bytes.TrimLeft(l.content, " \t\r\n"), []byte("<")) {
			p.peelXML(l)
			return
		}
		p.unknown(l, "binary data, neither compressed XML nor a certificate; perhaps damaged")
		return
	}
	p.budget -= len(found.content)
	inner := l.below(found.format, found.content)
	switch {
	case errors.Is(found.err, errTooLarge):
		inner.problems = append(inner.problems, placed("bind.size", found.format, found.content, len(found.content), "larger when decompressed than is read"))
	case found.err != nil:
		inner.problems = append(inner.problems, placed("bind.inflate", found.format, found.content, len(found.content), "the compressed data is damaged or ends too early; the rest is not read"))
	}
	if found.format != formatDeflate {
		inner.notes = append(inner.notes, "compressed as "+found.format+"; a Redirect carries DEFLATE without a header around it")
	}
	p.peelXML(inner)
}

var errTooLarge = errors.New("too large")

// formatDeflate is the compression of the Redirect binding. [SAMLBind 3.4.4.1]
const formatDeflate = "DEFLATE"

// inflated is XML that was compressed, as far as it could be read.
type inflated struct {
	format  string
	content []byte
	err     error // why it ends too early
}

// inflate decompresses XML, up to a limit and as far as it goes. It is not ok
// when no XML comes out.
func inflate(content []byte, limit int) (found inflated, ok bool) {
	for _, format := range []string{"zlib", "gzip", formatDeflate} {
		r, err := decompressor(format, content)
		if err != nil {
			continue
		}
		out, err := io.ReadAll(io.LimitReader(r, int64(limit)+1))
		start := bytes.TrimLeft(bytes.TrimPrefix(out, []byte("\xef\xbb\xbf")), " \t\r\n")
		if len(start) < 2 || start[0] != '<' {
			continue
		}
		if len(out) > limit {
			out, err = out[:limit], errTooLarge
		}
		return inflated{format, out, err}, true
	}
	return inflated{}, false
}

func decompressor(format string, content []byte) (io.Reader, error) {
	r := bytes.NewReader(content)
	switch format {
	case "zlib":
		return zlib.NewReader(r)
	case "gzip":
		return gzip.NewReader(r)
	}
	return flate.NewReader(r), nil
}
