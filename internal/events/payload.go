package events

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// payload is what a webhook is sent [Standard Webhooks].
type payload struct {
	Type      string `json:"type"`
	Timestamp string `json:"timestamp"`
	Data      data   `json:"data"`
}

// data tells of one event: what happened, and of those concerned what can be
// said at the moment.
type data struct {
	ID           sso.EventID       `json:"id"`
	Number       int64             `json:"number"`
	Organization *organization     `json:"organization,omitempty"` // none: the deployment
	Actor        string            `json:"actor"`
	OnBehalf     sso.UserID        `json:"on_behalf_of,omitempty"`
	Address      string            `json:"address,omitempty"`
	UserAgent    string            `json:"user_agent,omitempty"`
	Target       string            `json:"target,omitempty"`
	Detail       map[string]string `json:"detail,omitempty"`
	Changes      []sso.Change      `json:"changes,omitempty"`
	User         *user             `json:"user,omitempty"`
	Connection   *connection       `json:"connection,omitempty"`
}

type organization struct {
	ID   sso.OrgID `json:"id"`
	Key  string    `json:"key"`
	Name string    `json:"name"`
}

type user struct {
	ID        sso.UserID    `json:"id"`
	Username  string        `json:"username,omitempty"`
	Email     string        `json:"email,omitempty"`
	FirstName string        `json:"first_name,omitempty"`
	LastName  string        `json:"last_name,omitempty"`
	State     sso.UserState `json:"state"`
	Role      sso.Role      `json:"role,omitempty"` // in the organization of the event
	Groups    []string      `json:"groups,omitempty"`
}

type connection struct {
	ID       sso.ConnectionID    `json:"id"`
	Key      string              `json:"key"`
	Name     string              `json:"name"`
	Protocol sso.Protocol        `json:"protocol"`
	State    sso.ConnectionState `json:"state"`
}

// describe puts an event into words for a webhook of an organization, or of the
// deployment for "".
func describe(ctx context.Context, r *store.Reader, whose sso.OrgID, e *sso.Recorded) ([]byte, error) {
	p := payload{Type: e.Action, Timestamp: e.At.UTC().Format(sso.EventInstant), Data: data{
		ID: e.ID, Number: e.Number, Actor: e.Actor, OnBehalf: e.OnBehalf, Address: e.Address, UserAgent: e.UserAgent, Target: e.Target, Detail: e.Detail, Changes: e.Changes,
	}}
	if e.Org != "" {
		o, err := r.Organization(ctx, e.Org)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return nil, err
		}
		p.Data.Organization = &organization{ID: e.Org, Key: o.Key, Name: o.Name}
	}
	var err error
	if strings.HasPrefix(e.Target, "usr_") {
		p.Data.User, err = userNow(ctx, r, whose, e)
	}
	connection := sso.ConnectionID(e.Detail["connection"])
	if strings.HasPrefix(e.Target, "con_") {
		connection = sso.ConnectionID(e.Target)
	}
	if err == nil && strings.HasPrefix(string(connection), "con_") {
		p.Data.Connection, err = connectionNow(ctx, r, connection)
	}
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	to := json.NewEncoder(&b)
	to.SetEscapeHTML(false)
	if err := to.Encode(p); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// userNow returns what somebody is now; nil if they are no more. Of who is
// neither at home in the organization that is told, or below it, nor a member
// where it happened, nothing is told but the ID: what has become of a guest since
// they left is another customer's to know.
func userNow(ctx context.Context, r *store.Reader, to sso.OrgID, e *sso.Recorded) (*user, error) {
	u, err := r.UserAt(ctx, sso.UserID(e.Target))
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	out := &user{ID: u.ID, Username: u.Username, Email: u.Email.String(), FirstName: u.FirstName, LastName: u.LastName, State: u.State}
	if e.Org == "" {
		return out, nil
	}
	m, err := r.Org(e.Org).Membership(ctx, u.ID)
	if errors.Is(err, store.ErrNotFound) {
		if to != "" && !slices.Contains(u.HomePath, to) {
			return nil, nil
		}
		return out, nil
	}
	out.Role, out.Groups = m.Role, m.Groups
	return out, err
}

// connectionNow returns what a connection is now; nil if it is no more.
func connectionNow(ctx context.Context, r *store.Reader, id sso.ConnectionID) (*connection, error) {
	c, err := r.Connection(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &connection{ID: c.ID, Key: c.Key, Name: c.Name, Protocol: c.Protocol, State: c.State}, nil
}
