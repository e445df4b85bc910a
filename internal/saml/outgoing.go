package saml

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/sallyport/sallyport/internal/xmltree"
)

// The parameters that carry a message [SAMLBind 3.4.3, 3.5.3].
const (
	paramRequest  = "SAMLRequest"
	paramResponse = "SAMLResponse"
)

// An outgoing message is written and on its way.
type outgoing struct {
	param       string
	destination string
	xml         []byte
	relayState  string
}

// A PostForm is a message ready for a page with a form that sends it
// [SAMLBind 3.5]. All values are base64 or ours; Action has been checked.
type PostForm struct {
	Action       string
	SAMLRequest  string // either this
	SAMLResponse string // or this
	RelayState   string
}

func (o outgoing) form() PostForm {
	f := PostForm{Action: o.destination, RelayState: o.relayState}
	if text := base64.StdEncoding.EncodeToString(o.xml); o.param == paramRequest {
		f.SAMLRequest = text
	} else {
		f.SAMLResponse = text
	}
	return f
}

func (o outgoing) signedForm(key SigningKey) (PostForm, error) {
	signed, err := key.signMessage(o.xml)
	if err != nil {
		return PostForm{}, err
	}
	o.xml = signed
	return o.form(), nil
}

func (o outgoing) redirect() (string, error) {
	query, err := o.query()
	if err != nil {
		return "", err
	}
	return appendQuery(o.destination, query), nil
}

func (o outgoing) signedRedirect(key SigningKey) (string, error) {
	query, err := o.query()
	if err != nil {
		return "", err
	}
	query, err = key.signQuery(query)
	if err != nil {
		return "", err
	}
	return appendQuery(o.destination, query), nil
}

func (o outgoing) query() (string, error) {
	packed, err := pack(o.xml)
	if err != nil {
		return "", fmt.Errorf("compressing message: %w", err)
	}
	query := o.param + "=" + url.QueryEscape(base64.StdEncoding.EncodeToString(packed))
	if o.relayState != "" {
		query += "&RelayState=" + url.QueryEscape(o.relayState)
	}
	return query, nil
}

// storedMessage is how long a message may be that is packed as it is: with a signature,
// its URL stays below the 2,048 characters that everything passes on, unless the
// address of the endpoint is long and full of what has to be escaped.
const storedMessage = 800

// pack encodes a message with DEFLATE. A short one is stored, as one block
// [RFC 1951 3.2.4]: to make it shorter would take more than all else about a request
// together.
func pack(message []byte) ([]byte, error) {
	if n := len(message); n <= storedMessage {
		const lastStored = 1 // BFINAL, and BTYPE 00; the rest of the octet is not used
		packed := append(make([]byte, 0, 5+n), lastStored)
		packed = binary.LittleEndian.AppendUint16(packed, uint16(n))
		packed = binary.LittleEndian.AppendUint16(packed, ^uint16(n))
		return append(packed, message...), nil
	}
	w, ok := packers.Get().(*flate.Writer)
	if !ok {
		return nil, errors.New("no such level")
	}
	defer packers.Put(w)
	var packed bytes.Buffer
	w.Reset(&packed)
	_, err := w.Write(message)
	if err == nil {
		err = w.Close()
	}
	return packed.Bytes(), err
}

// packers are idle compressors: one takes more memory than all else of a request
// together.
var packers = sync.Pool{New: func() any {
	w, err := flate.NewWriter(nil, flate.BestSpeed)
	if err != nil {
		return nil
	}
	return w
}}

// appendQuery adds a query to an endpoint that may have one of its own.
func appendQuery(endpoint, query string) string {
	switch {
	case !strings.Contains(endpoint, "?"):
		return endpoint + "?" + query
	case strings.HasSuffix(endpoint, "?") || strings.HasSuffix(endpoint, "&"):
		return endpoint + query
	}
	return endpoint + "&" + query
}

// signedEnvelope returns the message, signed, in a SOAP envelope.
func (o outgoing) signedEnvelope(key SigningKey) ([]byte, error) {
	signed, err := key.signMessage(o.xml)
	if err != nil {
		return nil, err
	}
	return envelop(signed), nil
}

// A head is what begins every message that we send [SAMLCore 3.2].
type head struct {
	name         string // of the message
	id           string
	destination  string
	issuer       string
	issueInstant time.Time
	reply        bool // to the call that brought a request: there is no destination
}

// write checks h and writes the start tag, attributes from the body's, and the
// Issuer.
func (h head) write(w *xmltree.Writer, relayState string, attrs ...xmltree.Attr) error {
	if len(relayState) > MaxRelayState {
		return fmt.Errorf("RelayState longer than %d bytes", MaxRelayState)
	}
	if !startsWithLetter(h.id) {
		return errors.New("the ID must begin with a letter")
	}
	if err := CheckLocation(h.destination); err != nil && !h.reply {
		return err
	}
	w.Start("samlp:" + h.name)
	w.Namespace("samlp", nsProtocol)
	w.Namespace("saml", nsAssertion)
	w.Attr("ID", h.id)
	w.Attr("Version", "2.0")
	w.Attr("IssueInstant", writeInstant(h.issueInstant))
	if !h.reply {
		w.Attr("Destination", h.destination)
	}
	for _, a := range attrs {
		if a.Value != "" {
			w.Attr(a.Local, a.Value)
		}
	}
	w.Start("saml:Issuer")
	w.Text(h.issuer)
	w.End()
	return nil
}

// writeInstant writes t as our messages carry it: whole seconds, which every
// reader knows. No time at all is nothing.
func writeInstant(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05Z")
}

func startsWithLetter(s string) bool {
	return s != "" && (s[0] >= 'a' && s[0] <= 'z' || s[0] >= 'A' && s[0] <= 'Z')
}
