package events

import (
	"net/http"
	"strconv"

	"github.com/sallyport/sallyport/internal/events"
	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/web"
	"github.com/sallyport/sallyport/internal/web/ui"
)

// askEditStream serves GET /operator/streams/{stream}/edit.
func (h *Handler) askEditStream(w http.ResponseWriter, r *http.Request, v *visit) error {
	return h.showEditStream(w, r, v, http.StatusOK, func(x *sso.Stream) formPage { return editStreamPage(v, ui.Filled{}, x) })
}

// showEditStream shows the form for a stream as it is stored now.
func (h *Handler) showEditStream(w http.ResponseWriter, r *http.Request, v *visit, status int, of func(*sso.Stream) formPage) error {
	l, err := h.Flow.Stream(r.Context(), &v.who, streamOf(r))
	if err != nil {
		return err
	}
	return h.UI.Render(w, r, status, of(&l.Stream))
}

func editStreamPage(v *visit, f ui.Filled, x *sso.Stream) formPage {
	p := streamForm(v, f, x)
	p.Name, p.Lead, p.Action = ui.Say("stream_edit"), ui.Say("stream_edit_lead"), v.to(streamPath+"/edit", "{stream}", string(x.ID))
	p.Hidden = versionField(x.Version)
	if x.Kind != sso.StreamSyslogTLS {
		p.Areas = nil
	}
	p.Submit = ui.Submit{Word: ui.Say("save"), Cancel: v.to(streamsPath)}
	return p
}

// editStream serves POST /operator/streams/{stream}/edit.
func (h *Handler) editStream(w http.ResponseWriter, r *http.Request, v *visit) error {
	f, err := web.Form(r)
	if err != nil {
		return err
	}
	err = h.Flow.ChangeStream(r.Context(), &v.who, streamOf(r), versionIn(f), func(d *events.StreamDraft) {
		d.Target, d.Note, d.CA = f.Get("target"), f.Get("note"), f.Get("ca")
	})
	if fault.Is(err, "conflict") {
		_, status := web.Record(r, err)
		return h.showEditStream(w, r, v, status, func(x *sso.Stream) formPage {
			p := editStreamPage(v, ui.Filled{Values: f}, x)
			p.Notice = overtakenStream(f, x)
			return p
		})
	}
	if err != nil {
		filled, ok := ui.Filled{Values: f}.Beside(err, besideStream())
		if !ok {
			return err
		}
		_, status := web.Record(r, err)
		return h.showEditStream(w, r, v, status, func(x *sso.Stream) formPage {
			p := editStreamPage(v, filled, x)
			p.Hidden = versionField(versionIn(f)) // who was quicker is told of when it is saved
			return p
		})
	}
	return web.SeeOther(w, r, ui.Saved(v.to(streamsPath), "stream_changed"))
}

// testStream serves POST /operator/streams/{stream}/test.
func (h *Handler) testStream(w http.ResponseWriter, r *http.Request, v *visit) error {
	t, err := h.Flow.TestStream(r.Context(), &v.who, streamOf(r))
	if err != nil {
		return err
	}
	all, err := h.Flow.Streams(r.Context(), &v.who)
	if err != nil {
		return err
	}
	return h.UI.Render(w, r, http.StatusOK, testedPage(v, all, &t))
}

// testedPage is the list of streams with what became of a test of one.
func testedPage(v *visit, all []events.Line, t *events.StreamTest) listPage {
	p := streamsOf(v, all)
	n := ui.Notice{State: ui.OK, Title: ui.Say("stream_test_taken", "Target", t.Stream.Target)}
	switch {
	case t.Code != "":
		n.State, n.Title, n.Text = ui.Refused, ui.Say("stream_test_failed", "Target", t.Stream.Target), ui.Problem(t.Code)
		if t.Status == 0 && t.Detail != "" { // else it is the status once more
			n.Points = append(n.Points, ui.As(t.Detail))
		}
	case t.Status == 0:
		n.Title, n.Text = ui.Say("stream_test_sent", "Target", t.Stream.Target), ui.Say("stream_test_look")
	}
	if t.Status > 0 {
		n.Points = append(n.Points, ui.Say("answered", "Status", strconv.Itoa(t.Status), "Took", strconv.FormatInt(t.Took.Milliseconds(), 10)))
	}
	if t.Answer != "" {
		n.Points = append(n.Points, ui.As(t.Answer))
	}
	p.Notices = []ui.Notice{n}
	return p
}
