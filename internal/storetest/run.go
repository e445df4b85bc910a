package storetest

import (
	"testing"

	"github.com/sallyport/sallyport/internal/store"
)

// Run holds a database to everything that package store promises. open gives
// each test a database of its own, with the schema in it.
func Run(t *testing.T, open func(t *testing.T) *store.DB) {
	t.Helper()
	runAll(t, open, map[string]func(*world){
		"organizations are kept":                                    organizationsAreKept,
		"lineage runs from the root":                                lineageRunsFromTheRoot,
		"a moved organization takes along what is below":            movedOrganizationTakesAlong,
		"settings are remembered":                                   settingsAreRemembered,
		"domains are kept":                                          domainsAreKept,
		"domains are due for a look":                                domainsAreDue,
		"people of a domain are counted":                            domainPeopleAreCounted,
		"one verified claim to a domain":                            oneVerifiedClaim,
		"connections are kept":                                      connectionsAreKept,
		"connections are deleted with all that names them":          connectionsAreDeleted,
		"active connections of the organizations asked for":         activeConnections,
		"users are kept":                                            usersAreKept,
		"usernames are unique at home, addresses are not":           usernamesAndAddresses,
		"users by their IDs":                                        usersByID,
		"a sign-in is noted beside saves":                           signInIsNoted,
		"memberships are kept":                                      membershipsAreKept,
		"organizations of a person, the one used last first":        belongingsAreListed,
		"people are listed":                                         peopleAreListed,
		"lists keep up with what changes":                           listsKeepUp,
		"groups are kept":                                           groupsAreKept,
		"groups are renamed and deleted with their members":         groupsAreRenamed,
		"suborganizations are listed":                               suborganizationsAreListed,
		"what a user is, everywhere":                                standingsAreRead,
		"memberships end":                                           membershipsEnd,
		"sessions of a user are listed and ended":                   sessionsAreListed,
		"people are counted":                                        peopleAreCounted,
		"traces and links of a person":                              tracesOfAPerson,
		"owners cannot all step down at once":                       lastOwnersRace,
		"imports are kept":                                          importsAreKept,
		"brands and logos are kept":                                 brandsAreKept,
		"settings beside the live ones are kept":                    shadowsAreKept,
		"retreats are kept":                                         retreatsAreKept,
		"what is read of many people at once":                       manyAreRead,
		"everything has a name in a file":                           everythingIsNamed,
		"tests are kept":                                            testsAreKept,
		"watches are kept":                                          watchesAreKept,
		"certificates that end":                                     certificatesEnd,
		"rings of keys are due":                                     keyRingsAreDue,
		"setup links are kept":                                      setupLinksAreKept,
		"invitations are kept":                                      invitationsAreKept,
		"one of many accepts an invitation":                         oneOfManyAccepts,
		"whom a connection signs in":                                linkedPeopleAreListed,
		"conflicts are kept":                                        conflictsAreKept,
		"conflicts are seen again":                                  conflictsAreSeenAgain,
		"one of many decides a conflict":                            oneOfManyDecides,
		"links are kept":                                            linksAreKept,
		"sessions are kept":                                         sessionsAreKept,
		"sessions end":                                              sessionsEnd,
		"sessions are renewed":                                      sessionsAreRenewed,
		"an identity provider ends the sessions that it means":      samlSessionsEnd,
		"a session that was ended before it began does not begin":   lateSessionDoesNotBegin,
		"a session that begins while it is ended does not live on":  noSessionSlipsThrough,
		"who is below a suspended organization":                     suspendedAbove,
		"from where people may come":                                networksAbove,
		"factors are kept":                                          factorsAreKept,
		"a passkey is one person's in the whole deployment":         passkeyIsOnes,
		"recovery codes are kept":                                   recoveryCodesAreKept,
		"remembered browsers are kept":                              devicesAreKept,
		"SMS codes are kept, counted and used once":                 smsCodesAreKept,
		"tries are counted and given back":                          triesAreCounted,
		"a password hash is upgraded only in place of the old one":  passwordIsUpgraded,
		"credentials are noted once":                                credentialsAreNoted,
		"new browsers are noticed":                                  newBrowsersAreNoticed,
		"a session is refreshed under another token":                sessionIsRefreshed,
		"credentials are wiped":                                     credentialsAreWiped,
		"one of many uses a TOTP step":                              oneOfManyUsesStep,
		"one of many uses a recovery code":                          oneOfManyUsesRecoveryCode,
		"break-glass codes are kept":                                breakGlassCodesAreKept,
		"one of many uses a break-glass code":                       oneOfManyUsesBreakGlassCode,
		"who came in past single sign-on is noted":                  waysBesideAreNoted,
		"groups count at the door where there is a pilot":           doorOfAPilot,
		"local sessions are found where they are to end":            localSessionsAreFound,
		"what is demanded below is found":                           demandsBelowAreFound,
		"one of many uses an SMS code":                              oneOfManyUsesSMSCode,
		"of many tries at once no more than the burst":              triesAtOnce,
		"attempts are kept":                                         attemptsAreKept,
		"traces are kept":                                           tracesAreKept,
		"traces are found":                                          tracesAreFound,
		"support bundles are kept":                                  bundlesAreKept,
		"traces end, and messages go before them":                   tracesEnd,
		"audit events are kept":                                     eventsAreKept,
		"apps are kept":                                             appsAreKept,
		"grants and tokens are kept":                                grantsAreKept,
		"a refresh token is used once":                              refreshTokensAreUsedOnce,
		"messages are kept":                                         messagesAreKept,
		"a message is given to one and settled by it":               messagesAreClaimed,
		"messages that nobody wants any more are given up":          messagesExpire,
		"messages are tried again and dropped":                      messagesAreRetriedAndDropped,
		"who is idle is a matter of the rule":                       idleAgrees,
		"idle people are found":                                     idlePeopleAreFound,
		"warnings are noted":                                        warningsAreNoted,
		"jobs are kept":                                             jobsAreKept,
		"one of many runs a job":                                    oneOfManyRuns,
		"one of many claims a message":                              oneOfManyClaims,
		"the audit list is searched and paged":                      eventsAreListed,
		"organizations are listed and found":                        organizationsAreListed,
		"people are found in the whole deployment":                  peopleAreFoundAnywhere,
		"own sessions end":                                          ownSessionsEnd,
		"reset requests are taken once":                             resetRequestsAreTaken,
		"the rules for a member":                                    rulesForAMember,
		"what is inserted in bulk is what is saved one by one":      bulkInsertsStoreTheSame,
		"sign-ins are counted by the hour":                          signInsAreCounted,
		"roles are kept":                                            rolesAreKept,
		"plans of entitlements are kept":                            entitlementsAreKept,
		"signing keys are kept":                                     signingKeysAreKept,
		"decryption keys are kept":                                  decryptionKeysAreKept,
		"single-use things are used once":                           singleUse,
		"what has expired is deleted":                               expiredIsDeleted,
		"an organization's methods see no other organization":       tenantsAreApart,
		"a row cannot point into another organization":              noRowPointsElsewhere,
		"text that an engine cannot hold is nowhere stored":         unstorableText,
		"text that is only shown is made storable":                  shownText,
		"API keys are kept":                                         apiKeysAreKept,
		"setup links go with the key that made them":                setupLinksGoWithTheirKey,
		"requests of programs are kept":                             apiRequestsAreKept,
		"one of many begins a request of a program":                 oneOfManyBeginsARequest,
		"what goes along with a transaction is kept with it":        alongWithATransaction,
		"requests are spent several at a time":                      requestsAreSpent,
		"a failed transaction leaves nothing":                       failedTransactionLeavesNothing,
		"an error that fn hides is returned all the same":           hiddenErrorIsReturned,
		"a transaction sees itself and nobody else sees it":         transactionIsAlone,
		"a canceled context ends a transaction":                     canceledContext,
		"what is written is there for all":                          writtenIsThere,
		"one of many consumes":                                      oneOfManyConsumes,
		"one of many inserts a single-use thing":                    oneOfManyInserts,
		"one of many saves a version":                               oneOfManySaves,
		"one of many verifies a domain":                             oneOfManyVerifies,
		"transactions that decide by each other's rows do not skew": noWriteSkew,
		"one statement however many rows":                           oneStatement,
	})
}

// RunLists holds a database to what package store promises of lists that are
// narrowed by several things.
func RunLists(t *testing.T, open func(t *testing.T) *store.DB) {
	t.Helper()
	runAll(t, open, map[string]func(*world){
		"people are listed":                        peopleAreListed,
		"lists keep up with what changes":          listsKeepUp,
		"the audit list is searched and paged":     eventsAreListed,
		"organizations are listed and found":       func(w *world) { w.scattered = true; organizationsAreListed(w) },
		"people are found in the whole deployment": peopleAreFoundAnywhere,
	})
}

func runAll(t *testing.T, open func(t *testing.T) *store.DB, checks map[string]func(*world)) {
	t.Helper()
	for name, check := range checks {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			check(newWorld(t, open(t)))
		})
	}
}
