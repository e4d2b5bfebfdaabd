//! Progress on a terminal: a bar for the stage, with the file it is at; nothing anywhere else.

use crate::close::Progress;
use indicatif::{ProgressBar, ProgressStyle};
use std::sync::Mutex;
use std::time::Duration;

/// Runs something that takes a while, with bars when they can be seen.
pub fn with<T>(bars: bool, work: impl FnOnce(&dyn Progress) -> T) -> T {
    if bars {
        let shown = Bars::default();
        let result = work(&shown);
        shown.end();
        result
    } else {
        work(&Silent)
    }
}

struct Silent;

impl Progress for Silent {
    fn stage(&self, _: &str) {}
    fn file(&self, _: &str, _: u64) {}
    fn advance(&self, _: u64) {}
    fn end(&self) {}
}

/// The bar of the stage that runs. Files of one stage may run at once, so the bar counts the bytes of all of them.
#[derive(Default)]
struct Bars {
    current: Mutex<Option<ProgressBar>>,
}

impl Bars {
    fn on_current(&self, act: impl FnOnce(&ProgressBar)) {
        // A poisoned lock means another thread has already failed; a bar is no reason to fail again.
        if let Ok(current) = self.current.lock()
            && let Some(bar) = current.as_ref()
        {
            act(bar);
        }
    }

    fn replace(&self, next: Option<ProgressBar>) {
        if let Ok(mut current) = self.current.lock()
            && let Some(old) = std::mem::replace(&mut *current, next)
        {
            old.finish_and_clear();
        }
    }
}

impl Progress for Bars {
    fn stage(&self, name: &str) {
        let bar = ProgressBar::no_length().with_style(spinner()).with_prefix(name.to_owned());
        bar.enable_steady_tick(Duration::from_millis(120));
        self.replace(Some(bar));
    }

    fn file(&self, name: &str, bytes: u64) {
        self.on_current(|bar| {
            bar.set_style(bytes_of_files());
            bar.set_length(bar.length().unwrap_or(0) + bytes);
            bar.set_message(crate::model::untrusted::harmless(name));
        });
    }

    fn advance(&self, bytes: u64) {
        self.on_current(|bar| bar.inc(bytes));
    }

    fn end(&self) {
        self.replace(None);
    }
}

fn spinner() -> ProgressStyle {
    styled("{prefix:>10} {spinner} {elapsed}")
}

fn bytes_of_files() -> ProgressStyle {
    styled("{prefix:>10} [{bar:30}] {bytes}/{total_bytes} {binary_bytes_per_sec} {wide_msg}").progress_chars("=> ")
}

fn styled(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
