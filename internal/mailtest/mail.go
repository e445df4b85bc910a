package mailtest

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"net/url"
	"strings"

	"golang.org/x/net/html"
)

// Mail is a mail as it arrived and as it is read.
type Mail struct {
	From, To  string // of the envelope
	Protected bool   // it came over TLS
	Header    mail.Header
	Subject   string // decoded
	Text      string
	HTML      string
	Raw       []byte
}

// parse reads a mail of two parts, text and HTML.
func parse(raw []byte) (Mail, error) {
	read, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return Mail{}, fmt.Errorf("reading a mail: %w", err)
	}
	m := Mail{Header: read.Header, Raw: raw}
	if m.Subject, err = new(mime.WordDecoder).DecodeHeader(read.Header.Get("Subject")); err != nil {
		return Mail{}, fmt.Errorf("reading the subject: %w", err)
	}
	kind, params, err := mime.ParseMediaType(read.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		return Mail{}, fmt.Errorf("a mail of type %q, want multipart/alternative", kind)
	}
	parts := multipart.NewReader(read.Body, params["boundary"])
	for {
		part, err := parts.NextRawPart()
		if errors.Is(err, io.EOF) {
			return m, nil
		}
		if err != nil {
			return Mail{}, fmt.Errorf("reading a part: %w", err)
		}
		body, err := decode(part, part.Header.Get("Content-Transfer-Encoding"))
		if err != nil {
			return Mail{}, fmt.Errorf("decoding a part: %w", err)
		}
		kind, params, err := mime.ParseMediaType(part.Header.Get("Content-Type"))
		switch {
		case err != nil || !strings.EqualFold(params["charset"], "utf-8"):
			return Mail{}, fmt.Errorf("a part of type %q", part.Header.Get("Content-Type"))
		case kind == "text/plain" && m.Text == "":
			m.Text = strings.ReplaceAll(body, "\r\n", "\n")
		case kind == "text/html" && m.HTML == "":
			m.HTML = strings.ReplaceAll(body, "\r\n", "\n")
		default:
			return Mail{}, fmt.Errorf("one part too many, of type %q", kind)
		}
	}
}

func decode(r io.Reader, encoding string) (string, error) {
	switch strings.ToLower(encoding) {
	case "quoted-printable":
		r = quotedprintable.NewReader(r)
	case "base64":
		r = base64.NewDecoder(base64.StdEncoding, r)
	}
	b, err := io.ReadAll(r)
	return string(b), err
}

// Links returns the addresses that the HTML leads to, each once.
func (m *Mail) Links() []string {
	var links []string
	seen := map[string]bool{}
	m.walk(func(n *html.Node) {
		for _, a := range n.Attr {
			if (a.Key == "href" || a.Key == "src" || a.Key == "action" || a.Key == "background") && !seen[a.Val] {
				seen[a.Val] = true
				links = append(links, a.Val)
			}
		}
	})
	return links
}

// Link returns the one address that both parts lead to.
func (m *Mail) Link() (*url.URL, error) {
	links := m.Links()
	if len(links) != 1 {
		return nil, fmt.Errorf("a mail with the links %q, want one", links)
	}
	if !strings.Contains(m.Text, "\n"+links[0]+"\n") {
		return nil, fmt.Errorf("the text does not show %q on a line of its own", links[0])
	}
	return url.Parse(links[0])
}

// Elements returns how often each element stands in the HTML.
func (m *Mail) Elements() map[string]int {
	count := map[string]int{}
	m.walk(func(n *html.Node) { count[n.Data]++ })
	return count
}

func (m *Mail) walk(visit func(*html.Node)) {
	doc, err := html.Parse(strings.NewReader(m.HTML))
	if err != nil { // a parser of HTML accepts everything
		return
	}
	for n := range doc.Descendants() {
		if n.Type == html.ElementNode {
			visit(n)
		}
	}
}
