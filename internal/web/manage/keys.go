package manage

import (
	"net/http"
	"time"

	"github.com/sallyport/sallyport/internal/programs"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
)

// APIKey is what a program proves itself by.
type APIKey struct {
	ID        string     `json:"id"`
	Name      string     `json:"name" example:"HR system"`
	Hint      string     `json:"hint" doc:"How it begins and ends" example:"sallyport_AbCd…wxyz"`
	Scopes    []string   `json:"scopes"`
	Live      bool       `json:"live" doc:"Whether it is neither revoked nor expired"`
	CreatedBy string     `json:"created_by" doc:"ID of the user or key"`
	CreatedAt time.Time  `json:"created_at"`
	ExpiresAt *time.Time `json:"expires_at,omitempty"`
	RevokedAt *time.Time `json:"revoked_at,omitempty"`
	UsedAt    *time.Time `json:"used_at,omitempty" doc:"The last time, to about five minutes"`
}

func (h *Handler) key(k *sso.APIKey) APIKey {
	return APIKey{
		ID: string(k.ID), Name: k.Name, Hint: k.Hint, Scopes: texts(k.Scopes), Live: k.Usable(h.Programs.Now()) == nil, CreatedBy: string(k.By),
		CreatedAt: k.CreatedAt.UTC(), ExpiresAt: instant(k.ExpiresAt), RevokedAt: instant(k.RevokedAt), UsedAt: instant(k.UsedAt),
	}
}

// NewAPIKey is a key to be made.
type NewAPIKey struct {
	Name   string   `json:"name" minLength:"1" maxLength:"200" example:"HR system"`
	Scopes []string `json:"scopes" minItems:"1" maxItems:"30" doc:"None that the caller does not have"`
	Days   int      `json:"days,omitempty" minimum:"0" maximum:"1830" doc:"Until it expires; 0: it does not. It never lasts longer than the key that makes it."`
}

func (n *NewAPIKey) key() sso.NewAPIKey {
	return sso.NewAPIKey{Name: n.Name, Scopes: n.Scopes, Days: n.Days}
}

// MadeAPIKey is a key that was made.
type MadeAPIKey struct {
	APIKey
	Secret string `json:"secret" doc:"The key itself, which is shown this once"`
}

// InKey names a key of an organization.
type InKey struct {
	InOrganization
	Key string `path:"key" doc:"ID of the key" maxLength:"64"`
}

func (h *Handler) keys(a *api) {
	const tag, all, deployment = "API keys", "/organizations/{organization}/keys", "/keys"
	read, write := sso.ScopeKeysRead, sso.ScopeKeysWrite
	register(a, op{ID: "listKeys", Method: http.MethodGet, Path: all, Scope: read, Tag: tag, Summary: "List the API keys of an organization"}, h.listKeys)
	register(a, op{ID: "createKey", Method: http.MethodPost, Path: all, Scope: write, Tag: tag, Summary: "Create an API key of an organization", Status: http.StatusCreated}, h.createKey)
	register(a, op{ID: "revokeKey", Method: http.MethodDelete, Path: all + "/{key}", Scope: write, Tag: tag, Summary: "Revoke an API key of an organization"}, h.revokeKey)
	register(a, op{ID: "listDeploymentKeys", Method: http.MethodGet, Path: deployment, Scope: sso.ScopeDeploymentRead, Tag: tag, Summary: "List the API keys of the deployment"}, h.listDeploymentKeys)
	register(a, op{ID: "createDeploymentKey", Method: http.MethodPost, Path: deployment, Scope: sso.ScopeDeploymentWrite, Tag: tag, Summary: "Create an API key of the deployment", Status: http.StatusCreated}, h.createDeploymentKey)
	register(a, op{ID: "revokeDeploymentKey", Method: http.MethodDelete, Path: deployment + "/{key}", Scope: sso.ScopeDeploymentWrite, Tag: tag, Summary: "Revoke an API key of the deployment"}, h.revokeDeploymentKey)
}

func (h *Handler) listed(k programs.Keys) *listed[APIKey] {
	return &listed[APIKey]{page[APIKey]{Items: each(k.Keys, h.key)}}
}

func (h *Handler) made(k *sso.APIKey, text secret.Token, at string) *created[MadeAPIKey] {
	return &created[MadeAPIKey]{Location: at, Body: MadeAPIKey{APIKey: h.key(k), Secret: text.Reveal()}}
}

func (h *Handler) listKeys(c *call, in *struct{ InOrganization }) (*listed[APIKey], error) {
	_, p, err := c.at(h, in.InOrganization)
	if err != nil {
		return nil, err
	}
	k, err := h.Programs.Keys(c.ctx(), p)
	if err != nil {
		return nil, err
	}
	return h.listed(k), nil
}

func (h *Handler) createKey(c *call, in *struct {
	InOrganization
	Body NewAPIKey
}) (*created[MadeAPIKey], error) {
	who, p, err := c.at(h, in.InOrganization)
	if err != nil {
		return nil, err
	}
	k, text, err := h.Programs.CreateKey(c.ctx(), who, p.ID, in.Body.key())
	if err != nil {
		return nil, err
	}
	return h.made(&k, text, under(&p.Organization, "keys")), nil
}

func (h *Handler) revokeKey(c *call, in *struct{ InKey }) (*done, error) {
	who, p, err := c.at(h, in.InOrganization)
	if err != nil {
		return nil, err
	}
	return nil, h.Programs.RevokeKey(c.ctx(), who, p.ID, sso.APIKeyID(in.Key))
}

func (h *Handler) listDeploymentKeys(c *call, _ *struct{}) (*listed[APIKey], error) {
	by, err := c.vendor(h)
	if err != nil {
		return nil, err
	}
	k, err := h.Programs.DeploymentKeys(c.ctx(), by)
	if err != nil {
		return nil, err
	}
	return h.listed(k), nil
}

func (h *Handler) createDeploymentKey(c *call, in *struct{ Body NewAPIKey }) (*created[MadeAPIKey], error) {
	by, err := c.vendor(h)
	if err != nil {
		return nil, err
	}
	k, text, err := h.Programs.CreateDeploymentKey(c.ctx(), by, in.Body.key())
	if err != nil {
		return nil, err
	}
	return h.made(&k, text, Path+"/keys"), nil
}

func (h *Handler) revokeDeploymentKey(c *call, in *struct {
	Key string `path:"key" doc:"ID of the key" maxLength:"64"`
}) (*done, error) {
	by, err := c.vendor(h)
	if err != nil {
		return nil, err
	}
	return nil, h.Programs.RevokeDeploymentKey(c.ctx(), by, sso.APIKeyID(in.Key))
}
