package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/xmltree"
)

// Limits of what one file or argument may hold.
const (
	maxInspect = xmltree.MaxMetadataBytes // octets of the input, and of what it decodes to in one step
	maxThings  = 256                      // messages, documents and certificates
	maxDecoded = 4 * maxInspect           // octets of all that it decodes to
)

// SamlInspectCmd decodes whatever somebody has: messages, metadata, URLs and
// certificates. Its exit status is 0 when each file held something known, 1
// when one held nothing known and 2 when a file could not be read.
type SamlInspectCmd struct {
	At   time.Time `name:"at" placeholder:"TIME" help:"Count times from this one (RFC 3339), not from now."`
	XML  bool      `name:"xml" help:"Print the XML too, indented."`
	JSON bool      `name:"json" help:"Print one line of JSON for each thing found."`
	Text bool      `name:"text" help:"The arguments are what is to be decoded, never names of files."`

	What []string `arg:"" name:"what" help:"File, - for standard input, a URL (which is decoded, not fetched) or the text itself."`
}

// Validate refuses what cannot be read twice.
func (c *SamlInspectCmd) Validate() error {
	if !c.Text && fromStdin(c.What) > 1 {
		return errStdinTwice
	}
	return nil
}

// Run decodes the arguments and prints what they are.
func (c *SamlInspectCmd) Run(io streams) error {
	if c.At.IsZero() {
		c.At = time.Now()
	}
	status := 0
	for _, arg := range c.What {
		name, content, err := c.read(arg, io.In)
		if err != nil { // the others are decoded all the same
			status = complain(io, err, exitUsage)
			continue
		}
		known := false
		for _, t := range inspect(name, content, c.At) {
			known = known || t.Kind != kindUnknown
			if err := c.write(io.Out, t); err != nil {
				return fmt.Errorf("writing what was found: %w", err)
			}
		}
		if !known {
			status = max(status, exitFailed)
		}
	}
	if status != 0 {
		return &exitError{status: status}
	}
	return nil
}

func (c *SamlInspectCmd) write(w io.Writer, t *thing) error {
	if c.XML && !t.root.IsZero() {
		t.XML = indented(t.root)
	}
	if c.JSON {
		return t.writeJSON(w)
	}
	return t.writeText(w)
}

// read returns what an argument stands for and what it is to be called.
func (c *SamlInspectCmd) read(arg string, stdin io.Reader) (name string, content []byte, err error) {
	const argument = "argument"
	if c.Text {
		return argument, []byte(arg), nil
	}
	var buffer bytes.Buffer
	err = readInto(&buffer, arg, stdin, maxInspect)
	switch e, ok := errors.AsType[*fs.PathError](err); {
	case err == nil:
		return arg, buffer.Bytes(), nil
	case ok && e.Op == "open" && looksLikeContent(arg): // a message is longer than any name of a file, or has what none has
		return argument, []byte(arg), nil
	case ok:
		err = fmt.Errorf("%s: %w", shorten(arg), e.Err)
	}
	return "", nil, fmt.Errorf("reading what is to be decoded: %w", err)
}

// looksLikeContent reports whether an argument that names no file is the text
// itself.
func looksLikeContent(arg string) bool {
	const leastBase64, maxName = 64, 255
	trimmed := strings.TrimSpace(arg)
	for _, start := range []string{"http://", "https://", pemBegin, "?"} {
		if strings.HasPrefix(trimmed, start) {
			return true
		}
	}
	return len(arg) > maxName || strings.ContainsAny(arg, "<{%\n") || hasParameter(arg) ||
		len(arg) >= leastBase64 && len(base64Run(trimmed)) == len(trimmed)
}
