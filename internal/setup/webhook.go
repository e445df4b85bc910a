package setup

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// Secrets of webhooks [Standard Webhooks].
const (
	hookSecretPrefix = "whsec_"
	hookSecretNew    = 32 // octets
	hookSecretLeast  = 24
	hookSecretMost   = 64
)

// hookSecret reads the secret of a webhook.
func hookSecret(text []byte) ([]byte, error) {
	digits, ok := strings.CutPrefix(strings.TrimSpace(string(text)), hookSecretPrefix)
	key, err := base64.StdEncoding.DecodeString(digits)
	if !ok || err != nil || len(key) < hookSecretLeast || len(key) > hookSecretMost {
		return nil, &fault.Error{Kind: fault.Invalid, Code: "webhook_secret", Want: "whsec_ and 24 to 64 octets in base64", Got: "a text of " + strconv.Itoa(len(text)) + " octets", Fix: fault.OperatorSide}
	}
	return key, nil
}

// webhooksOf lists all webhooks of a file.
func (f *File) webhooksOf() []*Webhook {
	var all []*Webhook
	for i := range f.Organizations {
		for j := range f.Organizations[i].Webhooks {
			all = append(all, &f.Organizations[i].Webhooks[j])
		}
	}
	for i := range f.Webhooks {
		all = append(all, &f.Webhooks[i])
	}
	return all
}

// webhooks reads the files with secrets of webhooks.
func (g *gathered) webhooks(f *File, files Files) []error {
	var wrong []error
	for _, h := range f.webhooksOf() {
		if h.SecretFile == nil {
			continue
		}
		text, err := files.Read(*h.SecretFile)
		if err == nil {
			g.hooks[h], err = hookSecret(text)
		}
		if err != nil {
			wrong = append(wrong, on(h, "webhook "+h.URL, in("secret_file", err)))
		}
	}
	return wrong
}

// webhookSealer returns what seals the secrets of webhooks and streams, where the
// file has any. A dry run asks for it only where something is sealed already: it must
// not have a key made.
func (s *Service) webhookSealer(ctx context.Context, f *File, mode Mode) (*secret.Sealer, error) {
	if len(f.webhooksOf()) == 0 && len(f.Streams) == 0 {
		return nil, nil
	}
	if mode == DryRun {
		sealed := false
		err := s.DB.Read(ctx, func(r *store.Reader) error {
			streams, err := r.Streams(ctx)
			if err != nil {
				return err
			}
			sealed = slices.ContainsFunc(streams, func(x sso.Stream) bool { return x.Secret != nil })
			orgs := []sso.OrgID{""}
			for i := range f.Organizations {
				o, err := r.OrganizationByKey(ctx, f.Organizations[i].Key)
				if err == nil {
					orgs = append(orgs, o.ID)
				} else if !fault.Is(err, "not_found") {
					return err
				}
			}
			for _, id := range orgs {
				all, err := r.Org(id).Webhooks(ctx)
				if err != nil {
					return err
				}
				sealed = sealed || len(all) > 0
			}
			return nil
		})
		if err != nil || !sealed {
			return nil, err
		}
	}
	return s.Sealer(ctx)
}

// webhooks creates and changes webhooks of an organization, or of the deployment.
func (a *applier) webhooks(org sso.OrgID, key string, all []Webhook) error {
	if len(all) == 0 {
		return nil
	}
	have, err := a.tx.Org(org).Webhooks(a.ctx)
	if err != nil {
		return err
	}
	return every(all, func(from *Webhook) error {
		return on(from, "webhook "+from.URL, a.webhook(org, key, from, a.meantWebhook(from, all, have)))
	})
}

// countWebhooks refuses more of an organization, or of the deployment, than there
// may be.
func (a *applier) countWebhooks(org sso.OrgID, all []Webhook) error {
	if len(all) == 0 {
		return nil
	}
	have, err := a.tx.Org(org).Webhooks(a.ctx)
	if err != nil || len(have) <= sso.MaxWebhooks {
		return err
	}
	return &fault.Error{Kind: fault.Exhausted, Code: "webhooks_many", Want: "at most " + strconv.Itoa(sso.MaxWebhooks), Got: strconv.Itoa(len(have)), Fix: fault.OperatorSide}
}

// webhook creates a webhook, or changes the one that is meant.
func (a *applier) webhook(org sso.OrgID, key string, from *Webhook, old *sso.Webhook) error {
	var hook sso.Webhook
	var before *Webhook
	found := old != nil
	if found {
		hook, before = *old, to(describeWebhook(old))
	} else {
		hook = sso.Webhook{ID: sso.NewWebhookID(a.now), Org: org, URL: from.URL, State: sso.WebhookEnabled, By: actor, CreatedAt: a.now}
	}
	a.kept[hook.ID] = true
	if err := from.merge(&hook); err != nil {
		return err
	}
	fields := difference(before, describeWebhook(&hook))
	turned, err := a.turnSecret(&hook, from)
	if err != nil {
		return err
	}
	if turned && found {
		fields = append(fields, Field{Key: "secret_file", Before: "set", After: "another"})
	}
	if found && len(fields) == 0 {
		return nil
	}
	if found && hook.State != old.State {
		// As in the console: it has not failed yet, and nothing waits for it any more.
		hook.Failures, hook.FailingSince = 0, time.Time{}
		if hook.State != sso.WebhookEnabled {
			if err := a.tx.StopWebhook(a.ctx, hook.ID, "webhook_off", a.now); err != nil {
				return err
			}
			hook.Version++
		}
	}
	hook.UpdatedAt = a.now
	if err := a.tx.Org(org).SaveWebhook(a.ctx, hook); err != nil {
		return err
	}
	did, action, name := Created, "webhook.created", hook.URL
	if found {
		did, action = Changed, "webhook.changed"
	}
	if key != "" {
		name += " of " + key
	}
	a.did("webhook", name, did, fields)
	fields = slices.Clone(fields)
	for i := range fields {
		if fields[i].Key == "url" { // the audit list does not say its path
			fields[i].After = sso.VeiledURL(hook.URL)
		}
	}
	return a.record(org, action, string(hook.ID), fields)
}

// says reports whether this is what the file calls the webhook, by URL and note.
func (h *Webhook) says(is *sso.Webhook) bool {
	return strings.TrimSpace(h.URL) == is.URL && strings.TrimSpace(value(h.Note)) == is.Note
}

// meantWebhook returns the webhook of this URL that no other one of the file
// means; of several, the one with this note; nil: none. all are those of the file.
func (a *applier) meantWebhook(from *Webhook, all []Webhook, have []sso.Webhook) *sso.Webhook {
	var those []*sso.Webhook
	for i := range have {
		is := &have[i]
		switch {
		case is.URL != strings.TrimSpace(from.URL) || a.kept[is.ID]:
		case from.says(is):
			return is
		case !slices.ContainsFunc(all, func(other Webhook) bool { return other.says(is) }):
			those = append(those, is)
		}
	}
	if len(those) == 1 {
		return those[0]
	}
	return nil
}

// merge gives the webhook what the file says of it. Where it may lead is judged
// when it is called.
func (h *Webhook) merge(to *sso.Webhook) error {
	set(&to.Note, h.Note)
	if h.Events != nil {
		to.Types = append([]string{}, h.Events...)
	}
	u, err := url.Parse(to.URL)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil {
		return in("url", &fault.Error{Kind: fault.Invalid, Code: "webhook_url", Want: "an https URL without user name", Got: short(to.URL), Fix: fault.OperatorSide})
	}
	if err := choose(&to.State, h.State, "state", sso.WebhookEnabled, sso.WebhookDisabled); err != nil {
		return err
	}
	return wanting("a webhook", to.Check())
}

// turnSecret gives the webhook the secret of the file, and reports whether it is
// another one than before. The one before signs beside it for a while.
func (a *applier) turnSecret(hook *sso.Webhook, from *Webhook) (bool, error) {
	key, found := a.outside.hooks[from], hook.Version > 0
	switch {
	case found && key == nil:
		return false, nil
	case a.outside.sealer == nil: // a dry run, in which nothing is sealed yet
		hook.Secret = []byte{0}
		return true, nil
	}
	place := store.WebhookSecretPlace(hook.ID)
	if found {
		was, err := a.outside.sealer.Open(place, hook.Secret)
		if err != nil {
			return false, fmt.Errorf("opening the secret of webhook %s: %w", hook.ID, err)
		}
		if bytes.Equal(was, key) {
			return false, nil
		}
		hook.Previous, hook.PreviousUntil = hook.Secret, a.now.Add(sso.SecretOverlap)
	}
	if key == nil {
		key = make([]byte, hookSecretNew)
		_, _ = rand.Read(key) // never fails
	}
	hook.Secret = a.outside.sealer.Seal(place, key)
	return true, nil
}

// describeWebhook describes a webhook without its secret, which no hash could
// stand for. One that failed is enabled again by whoever says so.
func describeWebhook(h *sso.Webhook) Webhook {
	state := h.State
	if state == sso.WebhookFailed {
		state = sso.WebhookDisabled
	}
	return Webhook{URL: h.URL, Note: to(h.Note), Events: append([]string{}, h.Types...), State: to(string(state))}
}

func (a *applier) pruneWebhooks(org sso.OrgID, key string, listed []Webhook) error {
	if listed == nil {
		return nil
	}
	all, err := a.tx.Org(org).Webhooks(a.ctx)
	if err != nil {
		return err
	}
	for i := range all {
		h := &all[i]
		if a.kept[h.ID] || slices.ContainsFunc(listed, func(w Webhook) bool { return w.says(h) }) { // the file can mean this one as well
			continue
		}
		if err := a.tx.Org(org).DeleteWebhook(a.ctx, h.ID); err != nil {
			return err
		}
		name := h.URL
		if key != "" {
			name += " of " + key
		}
		a.did("webhook", name, Deleted, nil)
		if err := a.record(org, "webhook.deleted", string(h.ID), []Field{{Key: "url", Before: sso.VeiledURL(h.URL)}}); err != nil {
			return err
		}
	}
	return nil
}

// webhooks writes the webhooks of an organization, or of the deployment.
func (e *exporter) webhooks(org sso.OrgID, indent int) error {
	all, err := e.r.Org(org).Webhooks(e.ctx)
	if err != nil {
		return err
	}
	slices.SortStableFunc(all, func(a, b sso.Webhook) int { return cmp.Or(cmp.Compare(a.URL, b.URL), cmp.Compare(a.Note, b.Note)) })
	n := len(all)
	all = slices.CompactFunc(all, func(a, b sso.Webhook) bool { return a.URL == b.URL && a.Note == b.Note }) // the first is meant
	e.leftOut(indent, n-len(all), "another webhook has their URL and note")
	return items(e, "webhooks", indent, all, func(h *sso.Webhook) (Webhook, error) { return describeWebhook(h), nil })
}
