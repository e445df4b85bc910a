package manage

import (
	"encoding/pem"
	"net/http"
	"time"

	"github.com/sallyport/sallyport/internal/connect"
	"github.com/sallyport/sallyport/internal/federation"
	"github.com/sallyport/sallyport/internal/operate"
	"github.com/sallyport/sallyport/internal/sso"
)

// KeyRing is our keys of one purpose, of which one follows the other.
type KeyRing struct {
	Connection   string     `json:"connection,omitempty" doc:"Key of the one for which it is encrypted; not there: they sign what we send"`
	Organization string     `json:"organization,omitempty" doc:"Key of its organization"`
	Keys         []OurKey   `json:"keys"`
	Next         string     `json:"next,omitempty" enum:"next,promote,forget" doc:"The step that comes next"`
	DueAt        *time.Time `json:"due_at,omitempty" doc:"When it comes by itself, unless the keys are held"`
	HeldBy       string     `json:"held_by,omitempty" doc:"ID of the user or key that has them stay as they are"`
	HeldAt       *time.Time `json:"held_at,omitempty"`
}

// OurKey is a key of ours, without what is secret of it.
type OurKey struct {
	ID          string    `json:"id"`
	State       string    `json:"state" enum:"next,current,retired"`
	Since       time.Time `json:"since" doc:"In this state"`
	Fingerprint string    `json:"fingerprint" doc:"SHA-256 of its certificate, in hexadecimal"`
	Certificate string    `json:"certificate" doc:"In PEM"`
}

// KeyRings are all of them.
type KeyRings struct {
	Items   []KeyRing `json:"items"`
	Unaware []string  `json:"unaware" doc:"Keys of connections whose identity provider has not read of the next key yet: somebody has to bring it there"`
	More    bool      `json:"more_unaware" doc:"Whether there may be more of them"`
}

func keyRing(r *operate.KeyRing) KeyRing {
	out := KeyRing{
		Connection: r.ID(), Organization: r.Org.Key, Next: string(r.Next), DueAt: instant(r.Due),
		Keys: each(r.Keys, func(k *federation.Key) OurKey {
			text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: k.Certificate})
			return OurKey{ID: k.ID, State: string(k.State), Since: k.Since.UTC(), Fingerprint: connect.Fingerprint(k.Certificate), Certificate: string(text)}
		}),
	}
	if r.Held != nil {
		out.HeldBy, out.HeldAt = string(r.Held.By), instant(r.Held.At)
	}
	return out
}

// ThisRing names our keys of one purpose.
type ThisRing struct {
	Connection string `json:"connection,omitempty" maxLength:"64" doc:"Key of the connection; empty: those that sign"`
}

// Turn is a step of the way from one key to the next.
type Turn struct {
	Connection string `json:"connection,omitempty" maxLength:"64" doc:"Key of the connection; empty: those that sign"`
	Step       string `json:"step" enum:"next,promote,forget" doc:"That is said to come next"`
	Lose       string `json:"lose,omitempty" maxLength:"64" doc:"ID of the retired key that may be deleted by it although it may be needed still"`
}

func (h *Handler) ownKeys(a *api) {
	const tag, all = "Our keys", "/saml-keys"
	write := sso.ScopeDeploymentWrite
	register(a, op{ID: "listSAMLKeys", Method: http.MethodGet, Path: all, Scope: sso.ScopeDeploymentRead, Tag: tag, Summary: "List our keys"}, h.listSAMLKeys)
	register(a, op{ID: "turnSAMLKeys", Method: http.MethodPost, Path: all + "/turn", Scope: write, Tag: tag, Summary: "Take the next step with our keys before its time",
		About: "`next` makes the next key and publishes it beside the current one, `promote` makes it the current one, `forget` deletes the one before. A retired key that may be needed still is deleted only where `lose` names it."}, h.turnSAMLKeys)
	register(a, op{ID: "holdSAMLKeys", Method: http.MethodPost, Path: all + "/hold", Scope: write, Tag: tag, Summary: "Have our keys stay as they are"}, h.holdSAMLKeys)
	register(a, op{ID: "releaseSAMLKeys", Method: http.MethodPost, Path: all + "/release", Scope: write, Tag: tag, Summary: "Have our keys follow one another again"}, h.releaseSAMLKeys)
}

func (h *Handler) listSAMLKeys(c *call, _ *struct{}) (*told[KeyRings], error) {
	by, err := c.vendor(h)
	if err != nil {
		return nil, err
	}
	k, err := h.Operate.Keys(c.ctx(), by)
	if err != nil {
		return nil, err
	}
	return tell(KeyRings{Items: each(k.Rings, keyRing), Unaware: each(k.Unaware, func(u *sso.Connection) string { return u.Key }), More: k.More}), nil
}

// onRing does something with our keys of one purpose, and tells of them.
func (h *Handler) onRing(c *call, connection string, do func(by *sso.By) error) (*told[KeyRing], error) {
	by, err := c.vendor(h)
	if err != nil {
		return nil, err
	}
	if err := do(by); err != nil {
		return nil, err
	}
	r, err := h.Operate.RingOf(c.ctx(), by, connection)
	if err != nil {
		return nil, err
	}
	return tell(keyRing(&r)), nil
}

func (h *Handler) turnSAMLKeys(c *call, in *struct{ Body Turn }) (*told[KeyRing], error) {
	return h.onRing(c, in.Body.Connection, func(by *sso.By) error {
		return h.Operate.TurnKeys(c.ctx(), by, in.Body.Connection, federation.Turn(in.Body.Step), in.Body.Lose)
	})
}

func (h *Handler) holdSAMLKeys(c *call, in *struct{ Body ThisRing }) (*told[KeyRing], error) {
	return h.onRing(c, in.Body.Connection, func(by *sso.By) error { return h.Operate.HoldKeys(c.ctx(), by, in.Body.Connection) })
}

func (h *Handler) releaseSAMLKeys(c *call, in *struct{ Body ThisRing }) (*told[KeyRing], error) {
	return h.onRing(c, in.Body.Connection, func(by *sso.By) error { return h.Operate.ReleaseKeys(c.ctx(), by, in.Body.Connection) })
}
