package manage

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/sallyport/sallyport/internal/authority"
	"github.com/sallyport/sallyport/internal/sso"
)

// Domain is an e-mail domain that an organization claims.
type Domain struct {
	Name        string      `json:"name" example:"acme.example"`
	State       string      `json:"state" enum:"in_review,verified,lapsed"`
	Proof       string      `json:"proof,omitempty" enum:"dns,vouched" doc:"Why it is believed"`
	RecordName  string      `json:"record_name" doc:"Where the TXT record has to be that proves it"`
	RecordValue string      `json:"record_value" doc:"What the record has to say"`
	SSO         bool        `json:"sso" doc:"Whether its people are sent to the identity provider"`
	Password    bool        `json:"password" doc:"Whether a password lets its people in"`
	Connection  string      `json:"connection,omitempty" doc:"ID of the connection through which its people sign in; not there: the organization's own"`
	Check       DomainCheck `json:"check"`
	CreatedAt   time.Time   `json:"created_at"`
	VerifiedAt  *time.Time  `json:"verified_at,omitempty"`
}

// DomainCheck is what was found in the DNS.
type DomainCheck struct {
	Finding string     `json:"finding,omitempty" enum:"record,nothing,other,elsewhere,timeout,failure,unreachable"`
	Where   string     `json:"where,omitempty" doc:"Where the record is instead"`
	Values  []string   `json:"values" doc:"Of other records that are there"`
	At      *time.Time `json:"at,omitempty"`
	NextAt  *time.Time `json:"next_at,omitempty" doc:"When it is looked for again by itself"`
	GoneAt  *time.Time `json:"gone_at,omitempty" doc:"Since when the record of a verified domain is not there"`
}

func domain(d *sso.Domain) Domain {
	return Domain{
		Name: d.Name, State: string(d.State), Proof: string(d.Proof), RecordName: d.ProofName(), RecordValue: d.ProofValue(),
		SSO: !d.SSOOff, Password: !d.PasswordOff, Connection: string(d.Connection), CreatedAt: d.CreatedAt.UTC(), VerifiedAt: instant(d.VerifiedAt),
		Check: DomainCheck{
			Finding: string(d.Check.Finding), Where: d.Check.Where, Values: texts(d.Check.Values), At: instant(d.Check.At),
			NextAt: instant(d.Check.NextAt), GoneAt: instant(d.Check.GoneAt),
		},
	}
}

// InDomain names a claim of an organization.
type InDomain struct {
	InOrganization
	Domain string `path:"domain" doc:"Name of the domain" example:"acme.example" maxLength:"253"`
}

// NewDomain is a domain to be claimed.
type NewDomain struct {
	Name string `json:"name" minLength:"1" maxLength:"253" example:"acme.example"`
}

// DomainChange says how the people of a domain sign in; what is left out stays.
type DomainChange struct {
	SSO        *bool   `json:"sso,omitempty" doc:"Whether its people are sent to the identity provider"`
	Password   *bool   `json:"password,omitempty" doc:"Whether a password lets its people in"`
	Connection *string `json:"connection,omitempty" doc:"ID of the connection; empty: the organization's own" maxLength:"64"`
}

func (h *Handler) domains(a *api) {
	const tag, all, one = "Domains", "/organizations/{organization}/domains", "/organizations/{organization}/domains/{domain}"
	read, write := sso.ScopeSSORead, sso.ScopeSSOWrite
	register(a, op{ID: "listDomains", Method: http.MethodGet, Path: all, Scope: read, Tag: tag, Summary: "List domains"}, h.listDomains)
	register(a, op{ID: "claimDomain", Method: http.MethodPost, Path: all, Scope: write, Tag: tag, Summary: "Claim a domain", Status: http.StatusCreated,
		About: "The answer says which TXT record proves it. The record is looked for by itself from then on."}, h.claimDomain)
	register(a, op{ID: "getDomain", Method: http.MethodGet, Path: one, Scope: read, Tag: tag, Summary: "Read a domain"}, h.getDomain)
	register(a, op{ID: "updateDomain", Method: http.MethodPatch, Path: one, Scope: write, Tag: tag, Summary: "Choose how the people of a domain sign in"}, h.updateDomain)
	register(a, op{ID: "removeDomain", Method: http.MethodDelete, Path: one, Scope: write, Tag: tag, Summary: "Withdraw the claim to a domain"}, h.removeDomain)
	register(a, op{ID: "checkDomain", Method: http.MethodPost, Path: one + "/check", Scope: write, Tag: tag, Summary: "Look for the record of a domain now"}, h.checkDomain)
	register(a, op{ID: "vouchDomain", Method: http.MethodPost, Path: one + "/vouch", Scope: sso.ScopeDeploymentWrite, Tag: tag, Summary: "Verify a domain on the vendor's word"}, h.vouchDomain)
	register(a, op{ID: "unvouchDomain", Method: http.MethodPost, Path: one + "/unvouch", Scope: sso.ScopeDeploymentWrite, Tag: tag, Summary: "Take the vendor's word for a domain back"}, h.unvouchDomain)
}

// at returns who asks about single sign-on of an organization, and the place.
func (c *call) at(h *Handler, in InOrganization) (*authority.Who, *authority.Place, error) {
	by, o, err := c.by(h, in)
	if err != nil {
		return nil, nil, err
	}
	who := &authority.Who{By: *by, Address: c.address}
	p, err := h.Authority.Enter(c.ctx(), who, o.Key, authority.Owner)
	return who, &p, err
}

func (h *Handler) listDomains(c *call, in *struct{ InOrganization }) (*listed[Domain], error) {
	_, p, err := c.at(h, in.InOrganization)
	if err != nil {
		return nil, err
	}
	o, err := h.Connect.Overview(c.ctx(), p)
	if err != nil {
		return nil, err
	}
	return &listed[Domain]{page[Domain]{Items: each(o.Domains, domain)}}, nil
}

// claim returns a claim as it is told of.
func (h *Handler) claim(c *call, p *authority.Place, name string) (*told[Domain], error) {
	v, err := h.Connect.Domain(c.ctx(), p, name)
	if err != nil {
		return nil, err
	}
	return &told[Domain]{ETag: etagOfWays(v.Ways()), Body: domain(&v.Domain)}, nil
}

// etagOfWays is the version of how the people of a domain sign in, which is all
// that is changed of one.
func etagOfWays(w sso.DomainWays) string {
	return etagOf(strconv.FormatBool(w.SSO), strconv.FormatBool(w.Password), string(w.Connection))
}

func (h *Handler) claimDomain(c *call, in *struct {
	InOrganization
	Body NewDomain
}) (*created[Domain], error) {
	who, p, err := c.at(h, in.InOrganization)
	if err != nil {
		return nil, err
	}
	name, err := h.Connect.ClaimDomain(c.ctx(), who, p.ID, in.Body.Name)
	if err != nil {
		return nil, err
	}
	t, err := h.claim(c, p, name)
	if err != nil {
		return nil, err
	}
	return &created[Domain]{Location: Path + "/organizations/" + p.Key + "/domains/" + name, ETag: t.ETag, Body: t.Body}, nil
}

func (h *Handler) getDomain(c *call, in *struct{ InDomain }) (*told[Domain], error) {
	_, p, err := c.at(h, in.InOrganization)
	if err != nil {
		return nil, err
	}
	return h.claim(c, p, in.Domain)
}

func (h *Handler) updateDomain(c *call, in *struct {
	InDomain
	Matching
	Body DomainChange
}) (*told[Domain], error) {
	who, p, err := c.at(h, in.InOrganization)
	if err != nil {
		return nil, err
	}
	v, err := h.Connect.Domain(c.ctx(), p, in.Domain)
	if err != nil {
		return nil, err
	}
	err = h.Connect.ChangeDomainWays(c.ctx(), who, p.ID, v.Name, func(w *sso.DomainWays) error {
		if !in.blind() && in.IfMatch != etagOfWays(*w) {
			return stale(nil)
		}
		w.SSO, w.Password, w.Connection = or(in.Body.SSO, w.SSO), or(in.Body.Password, w.Password), sso.ConnectionID(or(in.Body.Connection, string(w.Connection)))
		return nil
	})
	if err != nil {
		return nil, err
	}
	return h.claim(c, p, v.Name)
}

func (h *Handler) removeDomain(c *call, in *struct{ InDomain }) (*done, error) {
	who, p, err := c.at(h, in.InOrganization)
	if err != nil {
		return nil, err
	}
	return nil, h.Connect.RemoveDomain(c.ctx(), who, p.ID, in.Domain)
}

func (h *Handler) checkDomain(c *call, in *struct{ InDomain }) (*told[Domain], error) {
	who, p, err := c.at(h, in.InOrganization)
	if err != nil {
		return nil, err
	}
	if _, err := h.Connect.CheckDomain(c.ctx(), who, p, in.Domain); err != nil {
		return nil, err
	}
	return h.claim(c, p, in.Domain)
}

func (h *Handler) vouchDomain(c *call, in *struct{ InDomain }) (*told[Domain], error) {
	return h.vouched(c, in.InDomain, h.Operate.Vouch)
}

func (h *Handler) unvouchDomain(c *call, in *struct{ InDomain }) (*told[Domain], error) {
	return h.vouched(c, in.InDomain, h.Operate.Unvouch)
}

// vouched gives or takes the vendor's word and tells of the domain.
func (h *Handler) vouched(c *call, in InDomain, do func(ctx context.Context, by *sso.By, key, name string) error) (*told[Domain], error) {
	by, key, err := h.customer(c, in.InOrganization)
	if err != nil {
		return nil, err
	}
	if err := do(c.ctx(), by, key, in.Domain); err != nil {
		return nil, err
	}
	_, p, err := c.at(h, in.InOrganization)
	if err != nil {
		return nil, err
	}
	return h.claim(c, p, in.Domain)
}
