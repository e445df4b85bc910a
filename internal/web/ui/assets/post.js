// Sends the form of a posting page at once. Without scripts its button does.
document.forms[0].submit();
