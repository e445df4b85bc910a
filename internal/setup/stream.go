package setup

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// name says in a message which stream is meant.
func (s *Stream) name() string {
	if s.Organization == "" {
		return s.Kind + " " + s.Target
	}
	return s.Kind + " " + s.Target + " of " + s.Organization
}

// same names what a stream is found by.
func (s *Stream) same() string {
	return s.Kind + "\n" + strings.TrimSpace(s.Target) + "\n" + s.Organization
}

// streams reads the files with secrets of streams.
func (g *gathered) streams(f *File, files Files) []error {
	var wrong []error
	for i := range f.Streams {
		s := &f.Streams[i]
		if s.SecretFile == nil {
			continue
		}
		text, err := files.Read(*s.SecretFile)
		switch {
		case err == nil && s.Kind != string(sso.StreamHTTP):
			err = refused("no secret but for http", "one for "+short(s.Kind))
		case err == nil:
			g.streamKeys[s], err = hookSecret(text)
		}
		if err != nil {
			wrong = append(wrong, on(s, "stream "+s.name(), in("secret_file", err)))
		}
	}
	return wrong
}

// streams creates and changes streams.
func (a *applier) streams(all []Stream) error {
	if len(all) == 0 {
		return nil
	}
	have, err := a.tx.Streams(a.ctx)
	if err != nil {
		return err
	}
	keys, err := keysOfStreams(a.ctx, a.tx.Reader, have)
	if err != nil {
		return err
	}
	return every(all, func(from *Stream) error { return on(from, "stream "+from.name(), a.stream(from, have, keys)) })
}

// countStreams refuses more than there may be.
func (a *applier) countStreams(all []Stream) error {
	if len(all) == 0 {
		return nil
	}
	have, err := a.tx.Streams(a.ctx)
	if err != nil || len(have) <= sso.MaxStreams {
		return err
	}
	return &fault.Error{Kind: fault.Exhausted, Code: "streams_many", Want: "at most " + strconv.Itoa(sso.MaxStreams), Got: strconv.Itoa(len(have)), Fix: fault.OperatorSide}
}

func (a *applier) stream(from *Stream, have []sso.Stream, keys map[sso.OrgID]string) error {
	var x sso.Stream
	var before *Stream
	i := slices.IndexFunc(have, func(s sso.Stream) bool {
		is := describeStream(&s, keys[s.Org])
		return is.same() == from.same() && !a.kept[s.ID]
	})
	if found := i >= 0; found {
		x = have[i]
		before = to(describeStream(&x, from.Organization))
	} else {
		var err error
		if x, err = a.newStream(from); err != nil {
			return err
		}
	}
	a.kept[x.ID] = true
	if err := from.merge(&x); err != nil {
		return err
	}
	fields := difference(before, describeStream(&x, from.Organization))
	turned, err := a.turnStreamSecret(&x, from)
	if err != nil {
		return err
	}
	if turned && before != nil {
		fields = append(fields, Field{Key: "secret_file", Before: "set", After: "another"})
	}
	did, action := Created, "stream.created"
	if before != nil {
		did, action = Changed, "stream.changed"
		if len(fields) == 0 {
			return nil
		}
	}
	x.UpdatedAt = a.now
	if err := a.tx.SaveStream(a.ctx, x); err != nil {
		return err
	}
	a.did("stream", from.name(), did, fields)
	fields = slices.Clone(fields)
	for i := range fields {
		if fields[i].Key == "target" {
			fields[i].After = x.VeiledTarget()
		}
	}
	return a.record("", action, string(x.ID), fields)
}

// newStream returns a stream that begins with what happens from now on.
func (a *applier) newStream(from *Stream) (sso.Stream, error) {
	_, end, err := a.tx.ChainEnds(a.ctx)
	if err != nil {
		return sso.Stream{}, err
	}
	x := sso.Stream{ID: sso.NewStreamID(a.now), Kind: sso.StreamKind(from.Kind), Target: from.Target, State: sso.WebhookEnabled, By: actor, Sent: end.Number, CreatedAt: a.now}
	if from.Organization == "" {
		return x, nil
	}
	o, err := a.tx.OrganizationByKey(a.ctx, from.Organization)
	if errors.Is(err, store.ErrNotFound) {
		return x, in("organization", &fault.Error{Kind: fault.NotFound, Code: "organization_unknown", Got: short(from.Organization), Fix: fault.OperatorSide})
	}
	x.Org = o.ID
	return x, err
}

// merge gives the stream what the file says of it. Where it may lead is judged
// when it is called.
func (s *Stream) merge(to *sso.Stream) error {
	set(&to.Note, s.Note)
	set(&to.CA, s.CA)
	if u, err := url.Parse(to.Target); to.Kind == sso.StreamHTTP && (err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil) {
		return in("target", &fault.Error{Kind: fault.Invalid, Code: "stream_target", Want: "an https URL without user name", Got: short(to.Target), Fix: fault.OperatorSide})
	}
	if err := choose(&to.State, s.State, "state", sso.WebhookEnabled, sso.WebhookDisabled); err != nil {
		return err
	}
	return wanting("a stream", to.Check())
}

// turnStreamSecret gives a stream by HTTP the secret of the file, and reports
// whether it is another one than before, which is good no more.
func (a *applier) turnStreamSecret(x *sso.Stream, from *Stream) (bool, error) {
	key, found := a.outside.streamKeys[from], x.Version > 0
	switch {
	case x.Kind != sso.StreamHTTP || found && key == nil:
		return false, nil
	case a.outside.sealer == nil: // a dry run, in which nothing is sealed yet
		x.Secret = []byte{0}
		return true, nil
	}
	place := store.StreamSecretPlace(x.ID)
	if found {
		was, err := a.outside.sealer.Open(place, x.Secret)
		if err != nil {
			return false, fmt.Errorf("opening the secret of stream %s: %w", x.ID, err)
		}
		if bytes.Equal(was, key) {
			return false, nil
		}
	}
	if key == nil {
		key = make([]byte, hookSecretNew)
		_, _ = rand.Read(key) // never fails
	}
	x.Secret = a.outside.sealer.Seal(place, key)
	return true, nil
}

// describeStream describes a stream without its secret, which no hash could
// stand for. key is that of its organization.
func describeStream(s *sso.Stream, key string) Stream {
	return Stream{Kind: string(s.Kind), Target: s.Target, Organization: key, Note: to(s.Note), CA: to(s.CA), State: to(string(s.State))}
}

// keysOfStreams returns the keys of the organizations whose events streams carry.
func keysOfStreams(ctx context.Context, r *store.Reader, all []sso.Stream) (map[sso.OrgID]string, error) {
	var ids []sso.OrgID
	for i := range all {
		if all[i].Org != "" {
			ids = append(ids, all[i].Org)
		}
	}
	keys := map[sso.OrgID]string{}
	if len(ids) == 0 {
		return keys, nil
	}
	orgs, err := r.OrganizationsByID(ctx, ids)
	for i := range orgs {
		keys[orgs[i].ID] = orgs[i].Key
	}
	return keys, err
}

func (a *applier) pruneStreams(f *File) error {
	if f.Streams == nil {
		return nil
	}
	all, err := a.tx.Streams(a.ctx)
	if err != nil {
		return err
	}
	keys, err := keysOfStreams(a.ctx, a.tx.Reader, all)
	if err != nil {
		return err
	}
	for i := range all {
		s := &all[i]
		is := describeStream(s, keys[s.Org])
		if a.kept[s.ID] || slices.ContainsFunc(f.Streams, func(x Stream) bool { return x.same() == is.same() }) { // the file can mean this one as well
			continue
		}
		if err := a.tx.DeleteStream(a.ctx, s.ID); err != nil {
			return err
		}
		a.did("stream", is.name(), Deleted, nil)
		if err := a.record("", "stream.deleted", string(s.ID), []Field{{Key: "target", Before: s.VeiledTarget()}}); err != nil {
			return err
		}
	}
	return nil
}

// streams writes the streams.
func (e *exporter) streams() error {
	all, err := e.r.Streams(e.ctx)
	if err != nil {
		return err
	}
	keys, err := keysOfStreams(e.ctx, e.r, all)
	if err != nil {
		return err
	}
	described := make([]Stream, len(all))
	for i := range all {
		described[i] = describeStream(&all[i], keys[all[i].Org])
	}
	slices.SortStableFunc(described, func(a, b Stream) int { return strings.Compare(a.same(), b.same()) })
	described = slices.CompactFunc(described, func(a, b Stream) bool { return a.same() == b.same() }) // the first is meant
	e.leftOut(0, len(all)-len(described), "another stream has their kind, target and organization")
	return items(e, "streams", 0, described, func(s *Stream) (Stream, error) { return *s, nil })
}
