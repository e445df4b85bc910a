package sso

import "time"

// ImportLife is how long an uploaded list waits to be carried out, and how
// long its outcome can be looked at afterwards.
const ImportLife = 24 * time.Hour

// ImportState says how far a list of people has come.
type ImportState string

// The states of an import.
const (
	ImportJudging ImportState = "judging" // its rows are looked at
	ImportReady   ImportState = "ready"   // waits for somebody to say yes
	ImportRunning ImportState = "running" // its rows are carried out
	ImportDone    ImportState = "done"
	ImportStopped ImportState = "stopped" // by somebody, or because they may not do it any more
)

// Import is a list of people that somebody has uploaded.
type Import struct {
	ID        ImportID
	Org       OrgID // of which the people are to be members
	State     ImportState
	Name      string // of the file
	Options   ImportOptions
	By        UserID // who carries it out
	ByOrg     OrgID  // as a member of
	Actor     UserID // who acts as By; "": nobody
	Address   string
	Total     int // rows
	Judged    int
	Done      int // carried out, failed ones too
	Failed    int
	Code      string // why it was stopped; "": by somebody
	Line      int    // of the file, behind which the work goes on
	CreatedAt time.Time
	UpdatedAt time.Time
	ExpiresAt time.Time
	Version   int64
}

// ImportOptions are what whoever uploads a list chooses.
type ImportOptions struct {
	Role Role `json:"role"` // of rows that name none
	// Welcome mails everybody new a link to set up their credentials.
	Welcome bool `json:"welcome,omitempty"`
	// Ignored are columns of the file that mean nothing to us.
	Ignored []string `json:"ignored,omitempty"`
}

// ImportVerdict says what a row of a list would do.
type ImportVerdict string

// The verdicts.
const (
	RowWaiting   ImportVerdict = "waiting"   // was not looked at yet
	RowNew       ImportVerdict = "new"       // makes somebody
	RowChanged   ImportVerdict = "changed"   // changes somebody who is there
	RowSame      ImportVerdict = "same"      // says what is so already
	RowDuplicate ImportVerdict = "duplicate" // an address that stands in the list before
	RowForeign   ImportVerdict = "foreign"   // an address of another organization's domain
	RowBad       ImportVerdict = "bad"       // cannot be carried out
)

// ImportVerdicts lists the verdicts on rows that were looked at, in the order
// in which people want to know.
func ImportVerdicts() []ImportVerdict {
	return []ImportVerdict{RowNew, RowChanged, RowSame, RowDuplicate, RowForeign, RowBad}
}

// Does reports whether a row with this verdict is carried out.
func (v ImportVerdict) Does() bool { return v == RowNew || v == RowChanged }

// ImportRow is a row of a list.
type ImportRow struct {
	Line    int // in the file
	Verdict ImportVerdict
	Row     PersonRow
	User    UserID // whom it is about; "": nobody yet
	Changes []string
	Code    string // what is wrong with it; "": nothing
	Detail  string // which value
	DoneAt  time.Time
}

// PersonRow is what a row says of a person, as it was read. An empty field
// says nothing.
type PersonRow struct {
	Email         string   `json:"email,omitempty"`
	Username      string   `json:"username,omitempty"`
	FirstName     string   `json:"first_name,omitempty"`
	LastName      string   `json:"last_name,omitempty"`
	Role          string   `json:"role,omitempty"`
	Groups        []string `json:"groups,omitempty"`
	Organizations []string `json:"organizations,omitempty"` // keys
	Language      string   `json:"language,omitempty"`
	PasswordHash  string   `json:"password_hash,omitempty"`
}
