// Package ui is how our pages look and what they say.
//
// A page is a struct; [UI.Render] shows it in the layout of the house and in
// the language that the browser prefers. Styles, scripts, icons and texts are
// compiled in. Styles and scripts are served under names that hold a hash of
// their content, so that they are cached for good; nothing is inline and
// nothing comes from elsewhere.
//
// Texts live in a catalog (folder locales), English and German complete. The
// key of a failure's sentence is the code of the fault.
//
// # Trust
//
// What pages show has come from outside. It reaches HTML through
// html/template alone. Addresses of other sites are judged by
// [web.CheckTarget] before a browser is sent there.
package ui
