//! When a charge starts and ends, and whether that is in the month.

use super::{Cells, DAY, Fault, Moment, Reader, is_blank, refusals};
use chrono::Datelike;

impl Reader<'_> {
    pub(super) fn moments(&mut self, cells: Cells<'_>, metered: bool) -> Result<(Moment, i64), Fault> {
        let Some(start) = &mut self.start else {
            let day = self.job.month.first_day();
            let start = Moment { milliseconds: midnight(day), day };
            return Ok((start, midnight(self.job.month.last_day()) + DAY));
        };
        let column = start.column;
        let start = start.read(cells).map_err(|why| refusals::date(column, cells.raw(column), why))?;
        let end = match &mut self.end {
            None => start.milliseconds + DAY,
            Some(end) if is_blank(cells.raw(end.column)) => start.milliseconds,
            Some(end) => {
                let column = end.column;
                let moment = end.read(cells).map_err(|why| refusals::date(column, cells.raw(column), why))?;
                if moment.milliseconds < start.milliseconds {
                    return Err(refusals::ends_before(column, cells.raw(column)));
                }
                moment.milliseconds
            }
        };
        let month = self.job.month;
        match &mut self.period {
            Some(period) if !is_blank(cells.raw(period.column)) => {
                let cell = cells.raw(period.column);
                let moment = period.read(cells).map_err(|why| refusals::date(period.column, cell, why))?;
                if !month.contains(moment.day) {
                    return Err(refusals::other_period(period.column, cell, month));
                }
                let late = (month.first_day() - start.day).num_days();
                let latest = i64::try_from(self.plan.source.dates.late_days).unwrap_or(i64::MAX);
                if metered && (late > latest || start.day > month.last_day()) {
                    return Err(refusals::far_day(column, cells.raw(column), month, latest));
                }
            }
            _ if !month.contains(start.day) => return Err(refusals::other_day(column, cells.raw(column), month)),
            _ => {}
        }
        self.look_at_period_end(cells);
        Ok((start, end))
    }

    /// An end that must be exclusive and is the last day of a month was meant to be inclusive.
    fn look_at_period_end(&mut self, cells: Cells<'_>) {
        let Some(end) = &mut self.period_end else { return };
        let cell = cells.raw(end.column);
        if let Ok(moment) = end.read(cells)
            && moment.milliseconds % DAY == 0
            && moment.day.succ_opt().is_some_and(|next| next.day() == 1)
        {
            self.notebook.note(refusals::inclusive_end(end.column, cell), cells.row(), None);
        }
    }
}

fn midnight(day: chrono::NaiveDate) -> i64 {
    day.and_time(chrono::NaiveTime::MIN).and_utc().timestamp_millis()
}
