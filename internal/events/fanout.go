package events

import (
	"context"
	"slices"

	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// pathsOf returns the organizations in which events happened, by their IDs, each
// with those above it.
func pathsOf(ctx context.Context, r *store.Reader, all []sso.Recorded) (map[sso.OrgID][]sso.OrgID, error) {
	var ids []sso.OrgID
	for i := range all {
		if all[i].Org != "" {
			ids = append(ids, all[i].Org)
		}
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	if len(ids) == 0 {
		return nil, nil
	}
	orgs, err := r.OrganizationsByID(ctx, ids)
	if err != nil {
		return nil, err
	}
	paths := map[sso.OrgID][]sso.OrgID{}
	for i := range orgs {
		paths[orgs[i].ID] = orgs[i].Path
	}
	return paths, nil
}

// concerns reports whether a webhook may know of an event: one of the deployment
// of every one, one of an organization of what happens in it and below it.
func concerns(hook *sso.Webhook, e *sso.Recorded, paths map[sso.OrgID][]sso.OrgID) bool {
	return within(hook.Org, e, paths)
}

func within(org sso.OrgID, e *sso.Recorded, paths map[sso.OrgID][]sso.OrgID) bool {
	return org == "" || e.Org != "" && slices.Contains(paths[e.Org], org)
}

// tell decides which webhooks are told of which events.
func tell(ctx context.Context, r *store.Reader, all []sso.Recorded) (map[sso.EventID][]sso.WebhookID, error) {
	paths, err := pathsOf(ctx, r, all)
	if err != nil {
		return nil, err
	}
	var orgs []sso.OrgID
	for _, path := range paths {
		orgs = append(orgs, path...)
	}
	slices.Sort(orgs)
	hooks, err := r.WebhooksFor(ctx, slices.Compact(orgs))
	if err != nil || len(hooks) == 0 {
		return nil, err
	}
	to := map[sso.EventID][]sso.WebhookID{}
	for i := range all {
		e := &all[i]
		for j := range hooks {
			h := &hooks[j]
			tried := e.Action == sso.WebhookTested
			if concerns(h, e, paths) && (tried && e.Target == string(h.ID) || !tried && h.Wants(e.Action)) {
				to[e.ID] = append(to[e.ID], h.ID)
			}
		}
	}
	return to, nil
}
