package saml

import (
	"bytes"
	"compress/flate"
	"io"
	"net/url"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/xmltree"
)

const (
	// MaxQuery is the greatest size of a query that carries a message.
	MaxQuery = 128 << 10

	// MaxInflated is the greatest size of a message that came compressed. A
	// query of the greatest size could else become a hundred megabytes.
	MaxInflated = 256 << 10
)

// encodingDeflate is the only SAMLEncoding [SAMLBind 3.4.4].
const encodingDeflate = "urn:oasis:names:tc:SAML:2.0:bindings:URL-Encoding:DEFLATE"

// Received is a message as a binding delivered it, nothing of it believed. The
// zero value is no message and is refused.
type Received struct {
	RelayState string // not proved by anything but a signature over a query

	message string // the XML
	binding string
	param   string
	doc     *xmltree.Document // of a message that stood in another document

	// Of a query.
	signed    string // the octets that the signature is over
	method    string
	signature []byte
}

// XML returns the message as it came.
func (m *Received) XML() string { return m.message }

// IsRequest reports whether the message came as a request. What it is indeed,
// [VerifyLogoutRequest] and [VerifyLogoutResponse] find out.
func (m *Received) IsRequest() bool { return m.param == paramRequest }

// Answers returns the ID of the request that the message says it answers, or
// "". It is the message's own word, good for looking up what we know of that
// request and for nothing else. What cannot be read, or is no response at all,
// says nothing: the error is a [*Refusal].
func (m *Received) Answers() (string, error) {
	j := newLogoutJudge(m, LogoutExpect{}, time.Time{})
	root, ok := j.open(paramResponse, "LogoutResponse", logoutResponseSlots)
	if !ok {
		return "", j.refusal()
	}
	id, _ := root.Attr("InResponseTo")
	return id, nil
}

// ReadPost takes the message out of a form that was posted: its body alone,
// never its URL [SAMLBind 3.5]. Errors are of type [*Refusal].
func ReadPost(form url.Values) (*Received, error) {
	requests, responses := form[paramRequest], form[paramResponse]
	relay := form["RelayState"]
	switch {
	case len(requests)+len(responses) != 1:
		return nil, refuseLogout(BindParam, "one SAMLRequest or SAMLResponse", several(len(requests)+len(responses)))
	case len(relay) > 1:
		return nil, refuseLogout(BindParam, "one RelayState at most", "several")
	}
	m := &Received{binding: BindingPost, param: paramRequest}
	if len(responses) == 1 {
		m.param = paramResponse
	}
	if len(relay) == 1 {
		if m.RelayState = relay[0]; len(m.RelayState) > MaxRelayState {
			return nil, refuseLogout(BindParam, "a RelayState of at most 80 bytes", "more")
		}
	}
	message, err := DecodePost(form[m.param][0])
	if err != nil {
		return nil, asLogout(err)
	}
	m.message = message
	return m, nil
}

func several(n int) string {
	if n == 0 {
		return "none"
	}
	return "several"
}

// The parameters of the Redirect binding, in the order in which they are
// signed [SAMLBind 3.4.4.1].
const (
	queryMessage = iota
	queryRelayState
	querySigAlg
	querySignature
	queryEncoding // not signed
	numQuery
)

// A query holds the parameters of the Redirect binding as they were sent.
type query struct {
	param string
	pairs [numQuery]string // name=value, octet for octet; empty: absent
	place [numQuery]int    // at which it came
}

// ReadRedirect takes the message out of the query of a URL, as the server
// received it and nobody has decoded it: the signature is over these octets,
// and whoever encodes them anew destroys it [SAMLBind 3.4]. Errors are of type
// [*Refusal].
func ReadRedirect(rawQuery string) (*Received, error) {
	if len(rawQuery) > MaxQuery {
		return nil, refuseLogout(BindSize, "at most 128 KiB", "more")
	}
	var q query
	place := 0
	for pair := range strings.SplitSeq(rawQuery, "&") {
		if err := q.add(pair, place); err != nil {
			return nil, err
		}
		place++
	}
	if err := q.check(); err != nil {
		return nil, err
	}
	m := &Received{binding: BindingRedirect, param: q.param}
	var values [numQuery]string
	for i := range values {
		_, escaped, _ := strings.Cut(q.pairs[i], "=")
		value, err := url.QueryUnescape(escaped)
		if err != nil {
			return nil, refuseLogout(BindParam, "percent-encoding", "something else in "+quote(q.pairs[i]))
		}
		values[i] = value
	}
	m.RelayState = values[queryRelayState]
	switch {
	case len(m.RelayState) > MaxRelayState:
		return nil, refuseLogout(BindParam, "a RelayState of at most 80 bytes", "more")
	case q.pairs[queryEncoding] != "" && values[queryEncoding] != encodingDeflate:
		return nil, refuseLogout(BindParam, encodingDeflate, or(values[queryEncoding], "an empty SAMLEncoding"))
	}
	if q.pairs[querySignature] != "" {
		m.method = values[querySigAlg]
		m.signed = q.octets()
		var err error
		if m.signature, err = decodeQuery(values[querySignature]); err != nil {
			return nil, err
		}
	}
	packed, err := decodeQuery(values[queryMessage])
	if err != nil {
		return nil, err
	}
	if m.message, err = inflate(packed); err != nil {
		return nil, err
	}
	return m, nil
}

// add takes one pair. Names are octets too: one that is ours only after it was
// decoded, or to a reader that cares little for case, is nobody's.
func (q *query) add(pair string, place int) error {
	name, _, assigned := strings.Cut(pair, "=")
	if strings.ContainsAny(name, "%+") {
		return refuseLogout(BindParam, "plain parameter names", quote(name))
	}
	if strings.Contains(pair, ";") {
		return refuseLogout(BindParam, "parameters between &", "one with ;")
	}
	i := -1
	for k, known := range [...]string{"", "RelayState", "SigAlg", "Signature", "SAMLEncoding", paramRequest, paramResponse} {
		if known == "" || !strings.EqualFold(name, known) {
			continue
		}
		if name != known || !assigned {
			return refuseLogout(BindParam, known, quote(pair))
		}
		i = k
		if k >= numQuery {
			i = queryMessage
		}
	}
	if i < 0 {
		return nil // of the endpoint, not of the binding
	}
	if q.pairs[i] != "" {
		if i == queryMessage && name != q.param {
			return refuseLogout(BindParam, "one SAMLRequest or SAMLResponse", "both")
		}
		return refuseLogout(BindParam, "each parameter once", name+" twice")
	}
	q.pairs[i], q.place[i] = pair, place
	if i == queryMessage {
		q.param = name
	}
	return nil
}

// check judges the parameters together.
func (q *query) check() error {
	signed := q.pairs[querySignature] != ""
	switch {
	case q.pairs[queryMessage] == "":
		return refuseLogout(BindParam, "a SAMLRequest or SAMLResponse", "none")
	case signed && q.pairs[querySigAlg] == "":
		return refuseLogout(BindParam, "a SigAlg with the Signature", "none")
	case !signed && q.pairs[querySigAlg] != "":
		return refuseLogout(BindParam, "a Signature with the SigAlg", "none")
	}
	last := 0
	for i, pair := range q.pairs[:querySignature+1] {
		if !signed || pair == "" {
			continue
		}
		if q.place[i] < last {
			return refuseLogout(BindParam, "the order in which parameters are signed", "another one")
		}
		last = q.place[i]
	}
	return nil
}

// octets returns what the signature of q is over.
func (q *query) octets() string {
	parts := make([]string, 0, querySignature)
	for _, pair := range q.pairs[:querySignature] {
		if pair != "" {
			parts = append(parts, pair)
		}
	}
	return strings.Join(parts, "&")
}

// decodeQuery decodes base64 in a parameter. A blank there was a plus sign that
// nobody encoded, and who drops it reads something else.
func decodeQuery(text string) ([]byte, error) {
	if strings.Contains(text, " ") {
		return nil, refuseLogout(BindBase64, "base64", "a blank, perhaps of an unencoded +")
	}
	b, err := unpack(text)
	if err != nil {
		return nil, asLogout(err)
	}
	return b, nil
}

// inflate decompresses a message: one DEFLATE stream, to its last octet
// [RFC1951].
func inflate(packed []byte) (string, error) {
	in := bytes.NewReader(packed)
	stream := flate.NewReader(in)
	message, err := io.ReadAll(io.LimitReader(stream, MaxInflated+1))
	switch {
	case len(message) > MaxInflated:
		return "", refuseLogout(BindInflate, "at most 256 KiB", "more")
	case err != nil && looksLikeXML(packed): // a stream may begin with the same octets
		return "", refuseLogout(BindInflate, "a DEFLATE stream", "XML that is not compressed")
	case err != nil:
		return "", refuseLogout(BindInflate, "a DEFLATE stream", "something else")
	case in.Len() > 0:
		return "", refuseLogout(BindInflate, "one DEFLATE stream", "octets behind it")
	}
	return string(message), nil
}
