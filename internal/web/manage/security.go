package manage

import (
	"net/http"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/provision"
	"github.com/sallyport/sallyport/internal/sso"
)

// Security is what an organization demands of its sign-ins, beside single
// sign-on. What is demanded above it holds for it too.
type Security struct {
	MFA           string   `json:"mfa" enum:"off,optional,owners,required" doc:"From whom a second factor is demanded"`
	MFAAfterSSO   string   `json:"mfa_after_sso" enum:"trust,ask" doc:"Whether it is asked for after single sign-on too"`
	SessionIdle   int64    `json:"session_idle" minimum:"0" doc:"How long a session lives unused, in seconds; 0: the common time"`
	SessionLife   int64    `json:"session_life" minimum:"0" doc:"How long it lives at all, in seconds; 0: the common time"`
	InactiveAfter int64    `json:"inactive_after" minimum:"0" doc:"After how many seconds without a sign-in somebody is shut out; 0: never"`
	IPAllow       []string `json:"ip_allow" maxItems:"500" doc:"Networks from which people may come; empty: from anywhere" example:"192.0.2.0/24"`
	Managed       bool     `json:"managed" doc:"Whether the identity provider says who there is, so that nobody is added or deleted by hand"`
}

func security(p *sso.Policy) Security {
	s := Security{
		MFA: string(p.MFA), MFAAfterSSO: string(p.MFAAfterSSO), SessionIdle: int64(p.SessionIdle), SessionLife: int64(p.SessionLife),
		InactiveAfter: int64(p.InactiveAfter), IPAllow: []string{}, Managed: p.Managed,
	}
	if s.MFA == "" {
		s.MFA = string(sso.MFAOptional) // as the rules have it
	}
	if s.MFAAfterSSO == "" {
		s.MFAAfterSSO = string(sso.SSOFactorTrust)
	}
	for _, n := range p.IPAllow {
		s.IPAllow = append(s.IPAllow, n.String())
	}
	return s
}

func (h *Handler) security(a *api) {
	const tag, path = "Organizations", "/organizations/{organization}/security"
	register(a, op{ID: "getSecurity", Method: http.MethodGet, Path: path, Scope: sso.ScopeOrganizationsRead, Tag: tag, Summary: "Read what an organization demands of sign-ins"}, h.getSecurity)
	register(a, op{ID: "setSecurity", Method: http.MethodPut, Path: path, Scope: sso.ScopeOrganizationsWrite, Tag: tag, Summary: "Decide what an organization demands of sign-ins",
		About: "To the version that was read. Networks are not checked for the caller's own address, which is a program's."}, h.setSecurity)
}

func (h *Handler) getSecurity(c *call, in *struct{ InOrganization }) (*told[Security], error) {
	_, o, err := c.by(h, in.InOrganization)
	if err != nil {
		return nil, err
	}
	return &told[Security]{ETag: etag(o.Version), Body: security(&o.Policy)}, nil
}

func (h *Handler) setSecurity(c *call, in *struct {
	InOrganization
	Matching
	Body Security
}) (*told[Security], error) {
	by, o, err := c.by(h, in.InOrganization)
	if err != nil {
		return nil, err
	}
	version, err := in.wanted(o.Version)
	if err != nil {
		return nil, err
	}
	to := provision.Security{
		Version: version, MFA: in.Body.MFA, MFAAfterSSO: in.Body.MFAAfterSSO, SessionIdle: time.Duration(in.Body.SessionIdle) * time.Second,
		SessionLife: time.Duration(in.Body.SessionLife) * time.Second, InactiveAfter: time.Duration(in.Body.InactiveAfter) * time.Second, IPAllow: strings.Join(in.Body.IPAllow, "\n"),
	}
	if in.Body.Managed {
		to.List = provision.ListByIdP
	}
	if err := h.People.SaveSecurity(c.ctx(), by, o.ID, to, provision.AcceptLockOut); err != nil {
		return nil, err
	}
	return h.getSecurity(c, &struct{ InOrganization }{in.InOrganization})
}
