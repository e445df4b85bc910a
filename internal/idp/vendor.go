package idp

// An ID names a vendor's product. It is stable: connections keep it.
type ID string

// Generic stands for every identity provider that is none of the others.
const Generic ID = "generic-saml"

// A Vendor is a product that is an identity provider.
type Vendor struct {
	ID      ID       `yaml:"id"`
	Name    string   `yaml:"name"`
	Aliases []string `yaml:"aliases"`

	// SelfHosted says that it runs under addresses of the customer.
	SelfHosted bool `yaml:"self_hosted"`

	Detect   []Sign   `yaml:"detect"`
	Products []Sign   `yaml:"products"` // of [Generic]: products without a guide of their own
	Metadata Metadata `yaml:"metadata"`
	Defaults Defaults `yaml:"defaults"`
	Keys     Keys     `yaml:"certificate"`
	Support  Support  `yaml:"support"`

	// Labels are what the console calls the fields for our values.
	Labels map[Value]string `yaml:"labels"`

	// Places are the click paths to what may have to be mended.
	Places map[Place][]Click `yaml:"places"`

	Steps  []Step  `yaml:"steps"`
	Claims []Claim `yaml:"claims"`
	Quirks []Text  `yaml:"quirks"` // what surprises, and explains what is seen
	Advice []Text  `yaml:"advice"` // for who sets it up

	// Hints say more about a refusal of ours at this vendor, by code.
	Hints map[string]Hint `yaml:"hints"`
}

// Label returns what the console calls the field for a value; what most of them
// do where it is not known.
func (v *Vendor) Label(of Value) string {
	if l := v.Labels[of]; l != "" {
		return l
	}
	return catalogue().byID[Generic].Labels[of]
}

// Metadata is how the identity provider's metadata is got.
type Metadata struct {
	// URL is a template with the vendor's own words in braces; empty where there
	// is no such URL, or none that can be guessed.
	URL string `yaml:"url"`

	// Refreshable says that a URL of it is worth reading again: it changes when
	// keys change. False: only a file is to be had, or it stands still.
	Refreshable bool `yaml:"refreshable"`

	From []Derivation `yaml:"from"`
	Note Text         `yaml:"note"`
}

// A Derivation says how the address of metadata follows from something else
// that is known of an identity provider.
type Derivation struct {
	On      Where  `yaml:"on"`
	Pattern string `yaml:"pattern"` // RE2, without regard to case
	URL     string `yaml:"url"`     // with $1 and the like of the pattern
}

// Signs is what is signed of a response unless somebody changes it.
type Signs string

// What is signed.
const (
	SignsAssertion Signs = "assertion"
	SignsResponse  Signs = "response"
	SignsBoth      Signs = "both"
	SignsEither    Signs = "either"  // the administrator chooses
	SignsUnknown   Signs = "unknown" // no source says
)

// Defaults are how responses are made unless somebody changes it.
type Defaults struct {
	Signs  Signs  `yaml:"signs"`
	Digest string `yaml:"digest"` // sha256 or sha1; empty: not known, or the administrator's choice
	NameID Text   `yaml:"nameid"`
}

// A Rollover is how a new signing key comes into use.
type Rollover string

// The rollovers.
const (
	Manual      Rollover = "manual"      // somebody has to do it
	Automatic   Rollover = "auto"        // by itself, before the old certificate ends
	Conditional Rollover = "conditional" // by itself where it is so configured
)

// Keys is how long certificates for signing live and what shares them.
type Keys struct {
	Years    int      `yaml:"years"` // 0: not known
	Scope    string   `yaml:"scope"` // application, account, environment, tenant, farm, realm, cluster, connection, idp; empty: not known
	Rollover Rollover `yaml:"rollover"`
	Note     Text     `yaml:"note"`
}

// An Answer says whether something is supported.
type Answer string

// The answers.
const (
	Yes     Answer = "yes"
	No      Answer = "no"
	Depends Answer = "conditional"
	Unknown Answer = "unknown"
)

// Support is what a product can do besides sign people in.
type Support struct {
	IdPInitiated Answer `yaml:"idp_initiated"`
	SLO          Answer `yaml:"slo"`
	SCIM         Answer `yaml:"scim"`
}

// A Place is something in a vendor's console that may have to be mended.
type Place string

// The places.
const (
	AtValues     Place = "values"          // our entity ID and ACS URL
	AtNameID     Place = "nameid"          // format and source of the NameID
	AtClaims     Place = "claims"          // what is sent about people
	AtGroups     Place = "groups"          // the groups that are sent
	AtSigning    Place = "signing"         // what is signed, and how
	AtMetadata   Place = "metadata"        // the metadata, or the certificate
	AtRequests   Place = "request_signing" // whether our requests have to be signed
	AtEncryption Place = "encryption"      // whether assertions are encrypted
	AtAssignment Place = "assignment"      // who may use the application
	AtStart      Place = "start"           // what a click on the tile does
	AtLogout     Place = "logout"          // where logout messages go
	AtLogs       Place = "logs"            // what the vendor says happened
)

// A Stage is the kind of a step.
type Stage string

// The stages.
const (
	ToPrepare  Stage = "prepare"
	ToCreate   Stage = "create"
	ToEnter    Stage = "values"
	ToName     Stage = "nameid"
	ToSign     Stage = "signing"
	ToDescribe Stage = "claims"
	ToFetch    Stage = "fetch"
	ToAssign   Stage = "assign"
	ToSwitch   Stage = "activate"
)

// A Click is one step on the way to something in a console: a label as the
// vendor writes it, or, in braces, what the administrator has called something.
type Click string

// In returns what to click in a language.
func (c Click) In(language string) string {
	if own, ok := catalogue().clicks[c]; ok {
		return own.In(language)
	}
	return string(c)
}

// IsLabel reports whether it stands so in the console.
func (c Click) IsLabel() bool {
	_, own := catalogue().clicks[c]
	return !own
}

// A Step is one thing that the administrator does in the console, in order.
type Step struct {
	Stage Stage   `yaml:"stage"`
	Path  []Click `yaml:"path"` // one after the other
	Text  Text    `yaml:"text"`
	Rows  []Row   `yaml:"rows"`
	Copy  []Copy  `yaml:"copy"`

	// Unverified says that no primary source confirms the path.
	Unverified bool `yaml:"unverified"`
}

// A Thing is what the administrator brings from there to us.
type Thing string

// The things.
const (
	TheirMetadataURL  Thing = "metadata_url"
	TheirMetadataFile Thing = "metadata_file"
	TheirEntityID     Thing = "entity_id"
	TheirSSOURL       Thing = "sso_url"
	TheirSLOURL       Thing = "slo_url"
	TheirCertificate  Thing = "certificate"
)

// A Row is one field of a console: what of ours goes into it, what to choose
// there, that it is to be ticked, or what to take from it.
type Row struct {
	Label    string `yaml:"label"`
	Value    Value  `yaml:"value"`
	Choice   string `yaml:"choice"`
	Tick     bool   `yaml:"tick"`
	Take     Thing  `yaml:"take"`
	Optional bool   `yaml:"optional"`
	Note     Text   `yaml:"note"`
}

// A Field is something that we keep about a person.
type Field string

// The fields.
const (
	ForEmail     Field = "email"
	ForFirstName Field = "first_name"
	ForLastName  Field = "last_name"
	ForUsername  Field = "username"
	ForGroups    Field = "groups"
	ForSubject   Field = "subject" // a lasting key, where the NameID is none
)

// A Claim is a row of the table of attributes.
type Claim struct {
	Field Field  `yaml:"field"`
	Type  string `yaml:"type"` // the name to type in the console; empty: it has one
	From  string `yaml:"from"` // what to choose there

	// Sent is the name that it has in a response.
	Sent string `yaml:"sent"`

	// Default says that it is sent without any work.
	Default bool `yaml:"default"`

	Note       Text `yaml:"note"`
	Unverified bool `yaml:"unverified"`
}

// A Hint is what a vendor adds to the explanation of a refusal.
type Hint struct {
	Text  Text   `yaml:"text"`
	Place Place  `yaml:"place"` // where it is mended, if not at the usual place
	Copy  []Copy `yaml:"copy"`
}
