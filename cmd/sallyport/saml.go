package main

import (
	"bufio"
	"bytes"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/saml"
	"github.com/sallyport/sallyport/internal/xmlenc"
)

// SamlCmd groups what can be done with SAML messages offline.
type SamlCmd struct {
	Verify  SamlVerifyCmd  `cmd:"" help:"Judge responses and show every check."`
	Inspect SamlInspectCmd `cmd:"" help:"Decode messages, metadata, URLs and certificates, and judge nothing."`
}

// SamlVerifyCmd judges responses as the server would. Its exit status is 0
// when all were accepted, 1 when any was refused and 2 when it could not
// judge.
type SamlVerifyCmd struct {
	IdPMetadata string   `name:"idp-metadata" placeholder:"FILE" help:"Metadata of the identity provider."`
	IdPEntityID string   `name:"idp-entity-id" placeholder:"URI" help:"Entity ID of the identity provider, if there is no metadata."`
	IdPCerts    []string `name:"idp-cert" placeholder:"FILE" sep:"none" help:"Certificate of the identity provider, PEM or DER; repeatable."`
	SPEntityID  string   `name:"sp-entity-id" placeholder:"URI" help:"Our entity ID, wanted as Audience."`
	ACS         string   `name:"acs-url" placeholder:"URL" help:"Our address, wanted as Destination and Recipient."`
	RequestID   string   `name:"request-id" placeholder:"ID" xor:"request" help:"ID of the request that is answered."`
	Unsolicited bool     `name:"unsolicited" xor:"request" help:"No request is answered."`
	SPKeys      []string `name:"sp-key" placeholder:"FILE" sep:"none" help:"Private key to decrypt with, PEM; repeatable."`

	At            time.Time     `name:"at" placeholder:"TIME" help:"Judge as at this time (RFC 3339), not now."`
	Skew          time.Duration `name:"skew" default:"60s" help:"Tolerance for clocks that differ."`
	SignatureOnly bool          `name:"signature-only" help:"Verify signatures and judge nothing else."`
	JSON          bool          `name:"json" help:"Print one line of JSON for each file."`
	Allow         []string      `name:"allow" placeholder:"LIST" help:"Accept what is weak or against the profile: sha1, rsa1_5, 3des, rsa1024, no-authn-statement, transient-nameid, missing-audience, missing-recipient, missing-destination."`

	Files []string `arg:"" name:"file" help:"Responses: XML, base64 of it, or - for standard input."`
}

// Validate refuses flags that do not say what to judge by.
func (c *SamlVerifyCmd) Validate() error {
	switch {
	case c.IdPMetadata == "" && (c.IdPEntityID == "" || len(c.IdPCerts) == 0):
		return errors.New("want --idp-metadata, or --idp-entity-id and --idp-cert")
	case c.IdPMetadata != "" && (c.IdPEntityID != "" || len(c.IdPCerts) > 0):
		return errors.New("want --idp-metadata or --idp-entity-id with --idp-cert, not both")
	case len(c.SPKeys) > xmlenc.MaxKeys:
		return fmt.Errorf("want at most %d --sp-key", xmlenc.MaxKeys)
	case fromStdin(c.Files) > 1:
		return errStdinTwice
	case c.Skew < 0:
		return errors.New("want a --skew that is not negative")
	case c.SignatureOnly:
		return nil
	case c.SPEntityID == "":
		return errors.New("want --sp-entity-id")
	case c.ACS == "":
		return errors.New("want --acs-url")
	case c.RequestID == "" && !c.Unsolicited:
		return errors.New("want --request-id or --unsolicited")
	}
	return nil
}

// Run judges the files and prints the verdicts.
func (c *SamlVerifyCmd) Run(io streams) error {
	expect, err := c.expect()
	if err != nil {
		return &exitError{exitUsage, err}
	}
	if c.At.IsZero() {
		c.At = time.Now()
	}
	status := 0
	out := bufio.NewWriter(io.Out)
	var content bytes.Buffer // of one file after the other
	for _, name := range c.Files {
		content.Reset()
		if err := readInto(&content, name, io.In, saml.MaxForm); err != nil { // the others are judged all the same
			status = complain(io, fmt.Errorf("reading message: %w", err), exitUsage)
			continue
		}
		v := c.judge(content.Bytes(), expect)
		v.File = name
		if !v.Accepted {
			status = max(status, exitFailed)
		}
		if c.JSON {
			err = v.writeJSON(out)
		} else {
			err = v.writeText(out)
		}
		if err := errors.Join(err, out.Flush()); err != nil { // one write for each file
			return fmt.Errorf("writing verdict: %w", err)
		}
	}
	if status != 0 {
		return &exitError{status: status}
	}
	return nil
}

// judge returns the verdict on the content of a file.
func (c *SamlVerifyCmd) judge(content []byte, expect saml.Expect) verdict {
	message := string(content)
	if text := bytes.TrimPrefix(content, []byte("\xef\xbb\xbf")); !beginsLikeXML(text) { // some editors put the mark before base64 too
		var err error
		if message, err = saml.DecodePost(string(text)); err != nil {
			return refused(err)
		}
	}
	if c.SignatureOnly {
		result, err := saml.VerifySignatures(message, expect)
		if err != nil {
			return refused(err)
		}
		return verdict{Accepted: true, signed: result.Signed, checks: result.Checks}
	}
	a, err := saml.Verify(message, expect, c.At)
	if err != nil {
		return refused(err)
	}
	return accepted(a)
}

// beginsLikeXML reports whether a file is XML, in whatever encoding, rather
// than base64 of it, which is ASCII and has no angle bracket.
func beginsLikeXML(content []byte) bool {
	first := bytes.TrimLeft(content, " \t\r\n")
	return len(first) > 0 && (first[0] == '<' || first[0] == 0 || first[0] >= 0x80)
}

// expect reads the files of the flags.
func (c *SamlVerifyCmd) expect() (saml.Expect, error) {
	e := saml.Expect{
		IdP:      saml.IdP{EntityID: c.IdPEntityID},
		EntityID: c.SPEntityID, ACS: c.ACS, RequestID: c.RequestID, Skew: c.Skew,
	}
	for _, name := range c.Allow {
		if err := e.Legacy.Allow(name); err != nil {
			return e, err
		}
	}
	if c.IdPMetadata != "" {
		content, err := os.ReadFile(c.IdPMetadata)
		if err != nil {
			return e, fmt.Errorf("reading metadata: %w", err)
		}
		m, err := saml.ParseIdPMetadata(content)
		if err != nil {
			return e, fmt.Errorf("reading %s: %w", c.IdPMetadata, err)
		}
		e.IdP = m.Expect()
	}
	for _, name := range c.IdPCerts {
		keys, err := readCertificates(name)
		if err != nil {
			return e, err
		}
		e.IdP.Keys = append(e.IdP.Keys, keys...)
	}
	for _, name := range c.SPKeys {
		key, err := readPrivateKey(name)
		if err != nil {
			return e, err
		}
		e.DecryptionKeys = append(e.DecryptionKeys, key)
	}
	return e, nil
}

// errStdinTwice is what is wrong with naming standard input more than once: it
// can be read once, and would be judged as empty afterwards.
var errStdinTwice = errors.New("want - for standard input once at the most")

// fromStdin returns how many of the names stand for standard input.
func fromStdin(names []string) int {
	n := 0
	for _, name := range names {
		if name == "-" {
			n++
		}
	}
	return n
}

// readInto reads a file, or standard input for "-": one octet more than the
// limit at the most, so that what is too large can be told from what is not, and
// fills no memory.
func readInto(content *bytes.Buffer, name string, stdin io.Reader, limit int64) error {
	if name == "-" {
		_, err := content.ReadFrom(io.LimitReader(stdin, limit+1))
		return err
	}
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	_, err = content.ReadFrom(io.LimitReader(file, limit+1))
	if closing := file.Close(); err == nil {
		err = closing
	}
	return err
}

// pemBlocks returns the PEM blocks of a file.
func pemBlocks(content []byte) []*pem.Block {
	var blocks []*pem.Block
	for {
		block, rest := pem.Decode(content)
		if block == nil {
			return blocks
		}
		blocks, content = append(blocks, block), rest
	}
}

func isPrivate(b *pem.Block) bool { return strings.HasSuffix(b.Type, "PRIVATE KEY") }

// anyPrivate reports whether a private key is among the blocks.
func anyPrivate(blocks []*pem.Block) bool { return slices.ContainsFunc(blocks, isPrivate) }
