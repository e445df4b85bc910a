package manage

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"mime/multipart"
	"net/url"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// A call is the context of the library that reads requests: its methods are
// those of [huma.Context].
var _ huma.Context = (*call)(nil)

// Operation returns what the document says of the operation.
func (c *call) Operation() *huma.Operation { return c.operation }

// Context returns the context of the request.
func (c *call) Context() context.Context { return c.r.Context() }

// TLS returns what is known of the connection.
func (c *call) TLS() *tls.ConnectionState { return c.r.TLS }

// Method returns the method.
func (c *call) Method() string { return c.r.Method }

// Host returns nothing: it is never read.
func (c *call) Host() string { return "" }

// RemoteAddr returns the address of the client.
func (c *call) RemoteAddr() string { return c.address }

// URL returns the address that was asked for.
func (c *call) URL() url.URL { return *c.r.URL }

// Param returns what stands in a gap of the path.
func (c *call) Param(name string) string { return c.r.PathValue(name) }

// Query returns a parameter.
func (c *call) Query(name string) string { return c.r.URL.Query().Get(name) }

// Header returns a header of the request.
func (c *call) Header(name string) string { return c.r.Header.Get(name) }

// BodyReader returns the body of the request.
func (c *call) BodyReader() io.Reader { return c.r.Body }

// SetReadDeadline does nothing: the server has one.
func (c *call) SetReadDeadline(time.Time) error { return nil }

// SetStatus sets the status of the answer.
func (c *call) SetStatus(code int) { c.status = code }

// Status returns the status of the answer.
func (c *call) Status() int { return c.status }

// SetHeader sets a header of the answer.
func (c *call) SetHeader(name, value string) { c.header.Set(name, value) }

// AppendHeader adds a header to the answer.
func (c *call) AppendHeader(name, value string) { c.header.Add(name, value) }

// BodyWriter returns where the answer is written.
func (c *call) BodyWriter() io.Writer { return &c.body }

// Version returns the version of the protocol.
func (c *call) Version() huma.ProtoVersion {
	return huma.ProtoVersion{Proto: c.r.Proto, ProtoMajor: c.r.ProtoMajor, ProtoMinor: c.r.ProtoMinor}
}

// GetMultipartForm returns none: no operation takes one.
func (c *call) GetMultipartForm() (*multipart.Form, error) { return nil, errors.ErrUnsupported }

// EachHeader calls each with the headers of the request.
func (c *call) EachHeader(each func(name, value string)) {
	for name, values := range c.r.Header {
		for _, v := range values {
			each(name, v)
		}
	}
}
