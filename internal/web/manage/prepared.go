package manage

import (
	"fmt"
	"net/http"
	"time"

	"github.com/sallyport/sallyport/internal/authority"
	"github.com/sallyport/sallyport/internal/connect"
	"github.com/sallyport/sallyport/internal/enforce"
	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/sso"
)

// Prepared are settings of a connection beside those by which people sign in.
type Prepared struct {
	Provider   Provider           `json:"provider"`
	Settings   ConnectionSettings `json:"settings"`
	Attributes AttributeNames     `json:"attributes"`
	Differs    []string           `json:"differs" doc:"Names of the settings that are not as the live ones"`
	Tested     int                `json:"tested" doc:"Different people who have passed a test of them as they are; 2 at most"`
	OtherIdP   bool               `json:"other_identity_provider" doc:"Whether they are of another identity provider, which then says who everybody is"`
	Linked     int                `json:"linked_users" doc:"How many people the connection signs in"`
	Code       string             `json:"code,omitempty" doc:"Why they cannot be swapped with the live ones yet; not there: they can"`
}

// Former are the settings of a connection that were live before.
type Former struct {
	EntityID string    `json:"entity_id" doc:"Of the identity provider"`
	Until    time.Time `json:"until" doc:"When they were swapped"`
}

// besides are the operations on what is beside the live settings of a
// connection. Its versions are two: of the live ones, and of those.
func (h *Handler) besides(a *api) {
	const tag, one = "Connections", "/organizations/{organization}/connections/{connection}"
	const prepared, former = one + "/prepared", one + "/former"
	read, write := sso.ScopeSSORead, sso.ScopeSSOWrite
	register(a, op{ID: "prepareSettings", Method: http.MethodPost, Path: prepared, Scope: write, Tag: tag, Summary: "Prepare settings beside the live ones", Status: http.StatusCreated,
		About: "They are like the live ones at first. Nobody signs in by them before they are swapped; they are tried by a link of `createTestLink`."}, h.prepareSettings)
	register(a, op{ID: "getPrepared", Method: http.MethodGet, Path: prepared, Scope: read, Tag: tag, Summary: "Read the prepared settings"}, h.getPrepared)
	register(a, op{ID: "discardPrepared", Method: http.MethodDelete, Path: prepared, Scope: write, Tag: tag, Summary: "Forget the prepared settings"}, h.discardPrepared)
	register(a, op{ID: "setPreparedMetadata", Method: http.MethodPut, Path: prepared + "/metadata", Scope: write, Tag: tag, Summary: "Take metadata over into the prepared settings", MaxBody: maxMetadata}, h.setPreparedMetadata)
	register(a, op{ID: "setPreparedSettings", Method: http.MethodPut, Path: prepared + "/settings", Scope: write, Tag: tag, Summary: "Decide about our side in the prepared settings",
		About: "What we are called at the identity provider is the connection's own, and is changed there."}, h.setPreparedSettings)
	register(a, op{ID: "setPreparedAttributes", Method: http.MethodPut, Path: prepared + "/attributes", Scope: write, Tag: tag, Summary: "Say which attributes carry what, in the prepared settings"}, h.setPreparedAttributes)
	register(a, op{ID: "addPreparedCertificate", Method: http.MethodPost, Path: prepared + "/certificates", Scope: write, Tag: tag, Summary: "Add a signing certificate to the prepared settings"}, h.addPreparedCertificate)
	register(a, op{ID: "removePreparedCertificate", Method: http.MethodDelete, Path: prepared + "/certificates/{certificate}", Scope: write, Tag: tag, Summary: "Remove a signing certificate from the prepared settings"}, h.removePreparedCertificate)
	register(a, op{ID: "swapPrepared", Method: http.MethodPost, Path: prepared + "/swap", Scope: write, Tag: tag, Summary: "Have people sign in by the prepared settings from now on",
		About: "To the versions that were read. They must have been tried as they are. Those that were live stay for the way back."}, h.swapPrepared)
	register(a, op{ID: "getFormer", Method: http.MethodGet, Path: former, Scope: read, Tag: tag, Summary: "Read which settings were live before"}, h.getFormer)
	register(a, op{ID: "returnToFormer", Method: http.MethodPost, Path: former + "/return", Scope: write, Tag: tag, Summary: "Have people sign in by the settings again that were live before",
		About: "To the versions that were read."}, h.returnToFormer)
}

// versions are those of the live settings of a connection, and of others beside
// them.
type versions struct{ live, beside int64 }

func (v versions) etag() string { return fmt.Sprintf(`"%d.%d"`, v.live, v.beside) }

// same refuses a change of other versions than were read.
func (m Matching) same(v versions) error {
	switch {
	case m.IfMatch == "":
		return versionWanted()
	case m.IfMatch != "*" && m.IfMatch != v.etag():
		return stale(nil)
	}
	return nil
}

// thePrepared returns the prepared settings of a connection as they are told of.
func (h *Handler) thePrepared(c *call, p *authority.Place, key string) (*told[Prepared], error) {
	s, err := h.Enforce.Shadows(c.ctx(), p, key)
	if err != nil {
		return nil, err
	}
	v, err := h.Connect.Configuration(c.ctx(), p, key, sso.Prepared)
	if err != nil {
		return nil, err
	}
	out := Prepared{
		Provider: provider(&v), Settings: settings(&v.SAML), Attributes: AttributeNames(v.Attributes), Differs: texts(s.Differs), Tested: s.Tested, OtherIdP: s.OtherIdP(), Linked: s.Linked,
	}
	if err := s.Ready(); err != nil {
		out.Code = fault.From(err).Code
	}
	return &told[Prepared]{ETag: versions{s.Version, v.Version}.etag(), Body: out}, nil
}

func (h *Handler) prepareSettings(c *call, in *struct{ InConnection }) (*created[Prepared], error) {
	who, p, err := c.at(h, in.InOrganization)
	if err != nil {
		return nil, err
	}
	if err := h.Enforce.Prepare(c.ctx(), who, p.ID, in.Connection); err != nil {
		return nil, err
	}
	t, err := h.thePrepared(c, p, in.Connection)
	if err != nil {
		return nil, err
	}
	return &created[Prepared]{Location: under(&p.Organization, "connections", in.Connection, "prepared"), ETag: t.ETag, Body: t.Body}, nil
}

func (h *Handler) getPrepared(c *call, in *struct{ InConnection }) (*told[Prepared], error) {
	_, p, err := c.at(h, in.InOrganization)
	if err != nil {
		return nil, err
	}
	return h.thePrepared(c, p, in.Connection)
}

func (h *Handler) discardPrepared(c *call, in *struct{ InConnection }) (*done, error) {
	who, p, err := c.at(h, in.InOrganization)
	if err != nil {
		return nil, err
	}
	return nil, h.Enforce.Discard(c.ctx(), who, p.ID, in.Connection)
}

// editedBeside runs a change of prepared settings, and tells of them.
func (h *Handler) editedBeside(c *call, in InConnection, m Matching, do func(e *connect.Edit) error) (*told[Prepared], error) {
	who, p, err := c.at(h, in.InOrganization)
	if err != nil {
		return nil, err
	}
	s, err := h.Enforce.Shadows(c.ctx(), p, in.Connection)
	if err != nil {
		return nil, err
	}
	if s.Prepared == nil {
		return nil, sso.NoShadow(sso.Prepared)
	}
	if err := m.same(versions{s.Version, s.Prepared.Version}); err != nil {
		return nil, err
	}
	if err := do(&connect.Edit{Who: who, Org: p.ID, Key: s.Key, Which: sso.Prepared, Version: s.Prepared.Version}); err != nil {
		return nil, err
	}
	return h.thePrepared(c, p, s.Key)
}

func (h *Handler) setPreparedMetadata(c *call, in *struct {
	InConnection
	Matching
	Body Metadata
}) (*told[Prepared], error) {
	return h.editedBeside(c, in.InConnection, in.Matching, func(e *connect.Edit) error {
		_, err := h.Connect.SaveMetadata(c.ctx(), e, in.Body.given())
		return err
	})
}

func (h *Handler) setPreparedSettings(c *call, in *struct {
	InConnection
	Matching
	Body ConnectionSettings
}) (*told[Prepared], error) {
	return h.editedBeside(c, in.InConnection, in.Matching, func(e *connect.Edit) error { return h.Connect.SaveSettings(c.ctx(), e, in.Body.given()) })
}

func (h *Handler) setPreparedAttributes(c *call, in *struct {
	InConnection
	Matching
	Body AttributeNames
}) (*told[Prepared], error) {
	return h.editedBeside(c, in.InConnection, in.Matching, func(e *connect.Edit) error {
		return h.Connect.SaveAttributes(c.ctx(), e, sso.AttributeMap(in.Body))
	})
}

func (h *Handler) addPreparedCertificate(c *call, in *struct {
	InConnection
	Matching
	Body NewCertificate
}) (*told[Prepared], error) {
	return h.editedBeside(c, in.InConnection, in.Matching, func(e *connect.Edit) error {
		return h.Connect.AddCertificate(c.ctx(), e, []byte(in.Body.Certificate))
	})
}

func (h *Handler) removePreparedCertificate(c *call, in *struct {
	InConnection
	Matching
	Certificate string `path:"certificate" doc:"Fingerprint of the certificate" maxLength:"64"`
}) (*done, error) {
	_, err := h.editedBeside(c, in.InConnection, in.Matching, func(e *connect.Edit) error {
		return h.Connect.RemoveCertificate(c.ctx(), e, in.Certificate)
	})
	return nil, err
}

// exchange has other settings of a connection be the live ones, and tells of it.
func (h *Handler) exchange(c *call, in InConnection, m Matching, which sso.Which, do func(seen enforce.Seen) error) (*told[Connection], error) {
	who, p, err := c.at(h, in.InOrganization)
	if err != nil {
		return nil, err
	}
	s, err := h.Enforce.Shadows(c.ctx(), p, in.Connection)
	if err != nil {
		return nil, err
	}
	beside := s.Prepared
	if which == sso.Former {
		beside = s.Former
	}
	if beside == nil {
		return nil, sso.NoShadow(which)
	}
	if err := m.same(versions{s.Version, beside.Version}); err != nil {
		return nil, err
	}
	if err := do(enforce.Seen{Who: who, Org: p.ID, Key: s.Key, Version: s.Version, Beside: beside.Version}); err != nil {
		return nil, err
	}
	return h.theConnection(c, p, s.Key)
}

func (h *Handler) swapPrepared(c *call, in *struct {
	InConnection
	Matching
}) (*told[Connection], error) {
	return h.exchange(c, in.InConnection, in.Matching, sso.Prepared, func(seen enforce.Seen) error { return h.Enforce.Swap(c.ctx(), seen) })
}

func (h *Handler) returnToFormer(c *call, in *struct {
	InConnection
	Matching
}) (*told[Connection], error) {
	return h.exchange(c, in.InConnection, in.Matching, sso.Former, func(seen enforce.Seen) error { return h.Enforce.Return(c.ctx(), seen) })
}

func (h *Handler) getFormer(c *call, in *struct{ InConnection }) (*told[Former], error) {
	_, p, err := c.at(h, in.InOrganization)
	if err != nil {
		return nil, err
	}
	s, err := h.Enforce.Shadows(c.ctx(), p, in.Connection)
	if err != nil {
		return nil, err
	}
	if s.Former == nil {
		return nil, sso.NoShadow(sso.Former)
	}
	return &told[Former]{ETag: versions{s.Version, s.Former.Version}.etag(), Body: Former{s.Former.SAML.IdPEntityID, s.Former.UpdatedAt.UTC()}}, nil
}
