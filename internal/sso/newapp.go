package sso

// StartingAs returns an app of this kind as it begins, before it has a name or
// an address: what most of its kind need, and no more.
func StartingAs(k AppKind) App {
	a := App{Kind: k}
	switch k {
	case AppSPA:
		a.AuthMethod, a.GrantTypes = AuthNone, []GrantType{GrantCode, GrantRefresh}
	case AppNative:
		a.AuthMethod, a.GrantTypes = AuthNone, []GrantType{GrantCode, GrantRefresh, GrantDevice}
	case AppMachine:
		a.GrantTypes = []GrantType{GrantClientCredentials}
	default:
		a.GrantTypes = []GrantType{GrantCode, GrantRefresh}
	}
	return a
}
