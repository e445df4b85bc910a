package sso

import (
	"slices"
	"strings"
)

// EventTypes lists the types of events, which are the actions of the audit list,
// by noun. Types are never renamed: programs elsewhere know them.
func EventTypes() []string {
	return []string{
		"accounts.reset_begun", "accounts.reset_done", "accounts.reset_stopped",
		"acting.begun", "acting.ended",
		"api_key.created", "api_key.revoked",
		"app.changed", "app.created", "app.deleted", "app.refused", "app.secret_added", "app.secret_retired", "app.token_given", "app.tried",
		"break_glass.made", "break_glass.used",
		"conflict.allowed", "conflict.invited", "conflict.merged", "conflict.refused", "conflict.relinked",
		"connection.activated", "connection.change_approved", "connection.change_held", "connection.change_refused", "connection.changed", "connection.created",
		"connection.defaults_changed", "connection.deleted", "connection.disabled", "connection.discarded", "connection.key_added", "connection.key_made",
		"connection.prepared", "connection.prepared_changed", "connection.returned", "connection.swapped",
		"device.approved", "device.forgotten", "device.refused",
		"domain.changed", "domain.claimed", "domain.contested", "domain.lapsed", "domain.record_back", "domain.record_missing", "domain.removed", "domain.taken",
		"domain.verified", "domain.vouch_withdrawn", "domain.vouched",
		"enforcement.changed", "enforcement.foreseen", "enforcement.off", "enforcement.paused", "enforcement.resumed",
		"entitlement.granted", "entitlement.revoked",
		"events.exported",
		"factor.added", "factor.counter_regressed", "factor.removed", "factor.renamed",
		"grant.revoked",
		"group.changed", "group.created", "group.deleted",
		"import.done", "import.started", "import.stopped", "import.uploaded",
		"invitation.accepted", "invitation.revoked", "invitation.sent",
		"key.deleted", "key.held", "key.made", "key.promoted", "key.released",
		"membership.created", "membership.groups_changed", "membership.removed", "membership.role_changed", "membership.saved",
		"message.dropped", "message.retried", "message.tested",
		"operator.added",
		"organization.brand_changed", "organization.changed", "organization.child_created", "organization.created", "organization.moved", "organization.renamed",
		"organization.resumed", "organization.suspended",
		"people.exported",
		"policy.changed",
		"recovery_code.used", "recovery_codes.made",
		"role.changed", "role.defined", "role.deleted",
		"session.ended",
		"setup_link.created", "setup_link.opened", "setup_link.revoked",
		SignInRefused, SignInSucceeded,
		"stream.changed", "stream.created", "stream.deleted", StreamTested,
		"test_link.created", "test_link.revoked",
		"trace.bundle_made", "trace.bundle_revoked", "trace.opened",
		"user.account_reset", "user.changed", "user.created", "user.deleted", "user.linked", "user.password_changed", "user.password_reset", "user.password_reset_sent",
		"user.registered", "user.resumed", "user.signed_out", "user.suspended", "user.unlocked",
		"webhook.changed", "webhook.created", "webhook.deleted", "webhook.disabled", "webhook.replayed", "webhook.secret_made", WebhookTested,
	}
}

// WebhookTested is the event by which somebody tries a webhook: it goes to that
// one, whatever it wants.
const WebhookTested = "webhook.tested"

// StreamTested is the event by which somebody tries a stream: what that is sent
// at once is of this type too.
const StreamTested = "stream.tested"

// EventNouns lists what events are about.
func EventNouns() []string {
	var all []string
	for _, t := range EventTypes() {
		noun, _, _ := strings.Cut(t, ".")
		all = append(all, noun)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// KnownEventType reports whether there are events of a type, or of any type of
// a noun where it is such as "user.*".
func KnownEventType(pattern string) bool {
	if noun, ok := strings.CutSuffix(pattern, ".*"); ok {
		return slices.Contains(EventNouns(), noun)
	}
	return slices.Contains(EventTypes(), pattern)
}
