package saml

import (
	"github.com/sallyport/sallyport/internal/xmltree"
)

const nsSOAP = "http://schemas.xmlsoap.org/soap/envelope/"

const (
	envelopeStart = `<soap11:Envelope xmlns:soap11="` + nsSOAP + `"><soap11:Body>`
	envelopeEnd   = `</soap11:Body></soap11:Envelope>`
)

// envelop puts a message of ours, which declares its own namespaces, into a
// SOAP envelope [SAMLBind 3.2].
func envelop(message []byte) []byte {
	b := make([]byte, 0, len(envelopeStart)+len(message)+len(envelopeEnd))
	return append(append(append(b, envelopeStart...), message...), envelopeEnd...)
}

// ReadSOAP takes the message out of a SOAP envelope, of which the Body must
// hold exactly one [SAMLBind 3.2.2]. Headers are skipped: nothing is asked of
// us there that we could do. Errors are of type [*Refusal].
func ReadSOAP(body []byte) (*Received, error) {
	r := newReport()
	doc := parse(r, body)
	if doc == nil {
		return nil, r.logoutRefusal()
	}
	message, got := onlyMessage(doc.Root())
	if got != "" {
		return nil, refuseLogout(BindParam, "one message in a SOAP envelope", got)
	}
	// The message stands for itself from here on: what is around it was not
	// signed with it.
	inner := []byte(doc.Slice(message.Offset(), message.End()))
	alone, err := xmltree.ParseFragment(inner, message.Parent(), xmltree.Message)
	if err != nil {
		r.failParse(err)
		return nil, r.logoutRefusal()
	}
	m := &Received{message: string(inner), binding: BindingSOAP, doc: alone, param: paramResponse}
	if message.Is(nsProtocol, "LogoutRequest") {
		m.param = paramRequest
	}
	return m, nil
}

// onlyMessage returns the message of an envelope, or what came instead.
func onlyMessage(envelope xmltree.Element) (message xmltree.Element, got string) {
	if !envelope.Is(nsSOAP, "Envelope") {
		return message, quote(envelope.Local())
	}
	var body xmltree.Element
	for c := range envelope.Children() {
		switch {
		case c.Is(nsSOAP, "Header") && body.IsZero():
		case c.Is(nsSOAP, "Body") && body.IsZero():
			body = c
		default:
			return message, quote(c.Local()) + " beside the Body"
		}
	}
	switch {
	case body.IsZero():
		return message, "no Body"
	case envelope.HasText() || body.HasText():
		return message, "text between elements"
	case body.FirstChild().IsZero():
		return message, "nothing in the Body"
	case !body.FirstChild().NextSibling().IsZero():
		return message, "several elements in the Body"
	}
	return body.FirstChild(), ""
}
