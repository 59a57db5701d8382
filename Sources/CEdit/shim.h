#pragma once
#include <histedit.h>
#include <stdio.h>

// el_set, el_get and history take what follows by the number before it, and Swift cannot call such
// functions: here is each call that the shell makes, with its types.

typedef char *(*pawl_edit_prompt)(EditLine *);
typedef unsigned char (*pawl_edit_action)(EditLine *, int);

/// An editor on stdin that shows its line on stdout, or on stderr; NULL where there is no memory.
static inline EditLine *pawl_edit_open(int on_stderr) {
  return el_init("pawl", stdin, on_stderr ? stderr : stdout, stderr);
}

static inline void pawl_edit_set_owner(EditLine *edit, void *owner) {
  el_set(edit, EL_CLIENTDATA, owner);
}

static inline void *pawl_edit_owner(EditLine *edit) {
  void *owner = NULL;
  el_get(edit, EL_CLIENTDATA, &owner);
  return owner;
}

/// `escape` stands before and after what moves no cursor.
static inline void pawl_edit_set_prompt(EditLine *edit, pawl_edit_prompt prompt, char escape) {
  el_set(edit, EL_PROMPT_ESC, prompt, escape);
}

static inline void pawl_edit_use_emacs_keys(EditLine *edit) {
  el_set(edit, EL_EDITOR, "emacs");
}

/// The editor handles the signals that concern the terminal, while it reads a line.
static inline void pawl_edit_handle_signals(EditLine *edit) { el_set(edit, EL_SIGNAL, 1); }

/// While a line is edited, Ctrl-C and Ctrl-Z are keys like others.
static inline void pawl_edit_take_signal_keys(EditLine *edit) {
  el_set(edit, EL_SETTY, "-d", "-isig", NULL);
}

/// Gives the terminal back as the editor found it, or takes it again.
static inline void pawl_edit_hold_terminal(EditLine *edit, int holds) {
  el_set(edit, EL_PREP_TERM, holds);
}

static inline void pawl_edit_add_action(
    EditLine *edit, const char *name, const char *help, pawl_edit_action action) {
  el_set(edit, EL_ADDFN, name, help, action);
}

static inline void pawl_edit_bind(EditLine *edit, const char *key, const char *action) {
  el_set(edit, EL_BIND, key, action, NULL);
}

static inline void pawl_edit_set_history(EditLine *edit, History *entries) {
  el_set(edit, EL_HIST, history, entries);
}

static inline void pawl_history_limit(History *entries, int count) {
  HistEvent event;
  history(entries, &event, H_SETSIZE, count);
  history(entries, &event, H_SETUNIQUE, 1);
}

static inline void pawl_history_enter(History *entries, const char *line) {
  HistEvent event;
  history(entries, &event, H_ENTER, line);
}
