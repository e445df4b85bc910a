package manage

import (
	"net/http"
	"time"

	"github.com/sallyport/sallyport/internal/events"
	"github.com/sallyport/sallyport/internal/sso"
)

// Stream carries the audit list to where the vendor wants it.
type Stream struct {
	ID           string     `json:"id"`
	Kind         string     `json:"kind" enum:"syslog-tls,syslog-tcp,syslog-udp,http"`
	Target       string     `json:"target" doc:"host:port for syslog, an https URL for http" example:"siem.example:6514"`
	Note         string     `json:"note,omitempty" doc:"What it is for"`
	CA           string     `json:"ca,omitempty" doc:"Certificates in PEM that the receiver's must lead to; empty: the system's"`
	Organization string     `json:"organization,omitempty" doc:"Key of the one whose events it carries, and of those below; not there: all"`
	State        string     `json:"state" enum:"enabled,disabled"`
	Behind       int        `json:"behind" doc:"How many events it has not carried yet"`
	SentAt       *time.Time `json:"sent_at,omitempty" doc:"When the last one arrived"`
	Failures     int        `json:"failures" doc:"One after the other, until now"`
	Code         string     `json:"code,omitempty" doc:"What was wrong the last time"`
	Detail       string     `json:"detail,omitempty" doc:"What was said then"`
	CreatedBy    string     `json:"created_by" doc:"ID of the user or key"`
	CreatedAt    time.Time  `json:"created_at"`
	UpdatedAt    time.Time  `json:"updated_at"`
}

func stream(l *events.Line) Stream {
	return Stream{
		ID: string(l.ID), Kind: string(l.Kind), Target: l.Target, Note: l.Note, CA: l.CA, Organization: l.Key, State: string(l.State), Behind: int(l.Behind), SentAt: instant(l.SentAt),
		Failures: int(l.Failures), Code: l.Code, Detail: l.Detail, CreatedBy: string(l.By), CreatedAt: l.CreatedAt.UTC(), UpdatedAt: l.UpdatedAt.UTC(),
	}
}

// NewStream is a stream to be made.
type NewStream struct {
	Kind         string `json:"kind" enum:"syslog-tls,syslog-tcp,syslog-udp,http"`
	Target       string `json:"target" minLength:"1" maxLength:"2000" doc:"host:port for syslog, an https URL for http" example:"siem.example:6514"`
	Note         string `json:"note,omitempty" maxLength:"100" doc:"What it is for"`
	CA           string `json:"ca,omitempty" maxLength:"100000" doc:"Certificates in PEM that the receiver's must lead to; empty: the system's"`
	Organization string `json:"organization,omitempty" maxLength:"64" doc:"Key of the one whose events it carries, and of those below; empty: all"`
	State        string `json:"state,omitempty" enum:"enabled,disabled" default:"enabled"`
}

// StreamChange is what a stream is to be; what is left out stays.
type StreamChange struct {
	Target *string `json:"target,omitempty" minLength:"1" maxLength:"2000"`
	Note   *string `json:"note,omitempty" maxLength:"100"`
	CA     *string `json:"ca,omitempty" maxLength:"100000"`
	State  *string `json:"state,omitempty" enum:"enabled,disabled" doc:"What happens while it is disabled it carries later"`
}

// MadeStream is a stream that was made.
type MadeStream struct {
	Stream
	Secret string `json:"secret,omitempty" doc:"By which the receiver of one by http knows us; it is shown this once"`
}

// StreamTest is what became of a test of a stream.
type StreamTest struct {
	Sent   bool   `json:"sent" doc:"Whether it was: by http that it was taken, by syslog no more than that it was sent"`
	Status int    `json:"status,omitempty" doc:"What was answered by http"`
	Answer string `json:"answer,omitempty" doc:"The beginning of the answer"`
	Code   string `json:"code,omitempty" doc:"What was wrong"`
	Detail string `json:"detail,omitempty" doc:"What was said then"`
	Took   int64  `json:"took_ms"`
}

// InStream names a stream.
type InStream struct {
	Stream string `path:"stream" doc:"ID of the stream" maxLength:"64"`
}

func (in InStream) id() sso.StreamID { return sso.StreamID(in.Stream) }

func (h *Handler) streams(a *api) {
	const tag, all, one = "Streams", "/streams", "/streams/{stream}"
	read, write := sso.ScopeDeploymentRead, sso.ScopeDeploymentWrite
	register(a, op{ID: "listStreams", Method: http.MethodGet, Path: all, Scope: read, Tag: tag, Summary: "List streams"}, h.listStreams)
	register(a, op{ID: "createStream", Method: http.MethodPost, Path: all, Scope: write, Tag: tag, Summary: "Create a stream", Status: http.StatusCreated, About: "It carries what happens from then on."}, h.createStream)
	register(a, op{ID: "getStream", Method: http.MethodGet, Path: one, Scope: read, Tag: tag, Summary: "Read a stream"}, h.getStream)
	register(a, op{ID: "updateStream", Method: http.MethodPatch, Path: one, Scope: write, Tag: tag, Summary: "Change a stream, or switch it on or off"}, h.updateStream)
	register(a, op{ID: "deleteStream", Method: http.MethodDelete, Path: one, Scope: write, Tag: tag, Summary: "Delete a stream"}, h.deleteStream)
	register(a, op{ID: "testStream", Method: http.MethodPost, Path: one + "/test", Scope: write, Tag: tag, Summary: "Send a test line by a stream",
		About: "The answer says what became of it, also where the receiver has not taken it. The line stands outside the chain: it has no number and no hash."}, h.testStream)
}

func (h *Handler) listStreams(c *call, _ *struct{}) (*listed[Stream], error) {
	who, _, err := h.ofDeployment(c)
	if err != nil {
		return nil, err
	}
	all, err := h.Events.Streams(c.ctx(), who)
	if err != nil {
		return nil, err
	}
	return &listed[Stream]{page[Stream]{Items: each(all, stream)}}, nil
}

// theStream returns a stream as it is told of.
func (h *Handler) theStream(c *call, who *events.Who, id sso.StreamID) (*told[Stream], error) {
	l, err := h.Events.Stream(c.ctx(), who, id)
	if err != nil {
		return nil, err
	}
	return &told[Stream]{ETag: etag(l.Version), Body: stream(&l)}, nil
}

func (h *Handler) createStream(c *call, in *struct{ Body NewStream }) (*created[MadeStream], error) {
	who, at, err := h.ofDeployment(c)
	if err != nil {
		return nil, err
	}
	b := &in.Body
	made, key, err := h.Events.CreateStream(c.ctx(), who, events.NewStream{
		Kind: sso.StreamKind(b.Kind), Target: b.Target, Note: b.Note, CA: b.CA, Key: b.Organization, State: sso.WebhookState(b.State),
	})
	if err != nil {
		return nil, err
	}
	t, err := h.theStream(c, who, made.ID)
	if err != nil {
		return nil, err
	}
	return &created[MadeStream]{Location: at + "/streams/" + string(made.ID), ETag: t.ETag, Body: MadeStream{t.Body, key}}, nil
}

func (h *Handler) getStream(c *call, in *struct{ InStream }) (*told[Stream], error) {
	who, _, err := h.ofDeployment(c)
	if err != nil {
		return nil, err
	}
	return h.theStream(c, who, in.id())
}

func (h *Handler) updateStream(c *call, in *struct {
	InStream
	Matching
	Body StreamChange
}) (*told[Stream], error) {
	who, _, err := h.ofDeployment(c)
	if err != nil {
		return nil, err
	}
	version, err := in.read()
	if err != nil {
		return nil, err
	}
	b := &in.Body
	err = h.Events.ChangeStream(c.ctx(), who, in.id(), version, func(d *events.StreamDraft) {
		d.Target, d.Note, d.CA, d.State = or(b.Target, d.Target), or(b.Note, d.Note), or(b.CA, d.CA), sso.WebhookState(or(b.State, ""))
	})
	if err != nil {
		return nil, err
	}
	return h.theStream(c, who, in.id())
}

func (h *Handler) deleteStream(c *call, in *struct{ InStream }) (*done, error) {
	who, _, err := h.ofDeployment(c)
	if err != nil {
		return nil, err
	}
	return nil, h.Events.DeleteStream(c.ctx(), who, in.id())
}

func (h *Handler) testStream(c *call, in *struct{ InStream }) (*told[StreamTest], error) {
	who, _, err := h.ofDeployment(c)
	if err != nil {
		return nil, err
	}
	t, err := h.Events.TestStream(c.ctx(), who, in.id())
	if err != nil {
		return nil, err
	}
	return tell(StreamTest{Sent: t.Code == "", Status: t.Status, Answer: t.Answer, Code: t.Code, Detail: t.Detail, Took: t.Took.Milliseconds()}), nil
}
