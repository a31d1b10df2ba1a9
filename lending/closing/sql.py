"""What the day end needs in the database: the day count of the contracts as a function, and tables that stay their size.

`lending_counted_days` is `lending.loans.day_count.counted_days`: a test compares the two over thousands of periods. It is
one expression, so that PostgreSQL puts it into the statement that calls it instead of calling it a million times.

30/360, with e the day on which the loan stands in the month of `to_date`: whole months from date to same date count 30
each, and the odd days follow from the last of them. Where that day is not reached yet, the last same date lies in the
month before.

Storage: a due date that passes moves one loan and one instalment, and neither column is indexed, so the new version of a
row fits into its own page where that has room (decision 0040). Autovacuum comes each day instead of each fifth of a table.
"""

from __future__ import annotations

from typing import Final

DAYS_OF: Final = """
CREATE FUNCTION lending_days_in_month(day date) RETURNS integer
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN extract(day FROM (day - extract(day FROM day)::integer + 1 + interval '1 month' - interval '1 day'))::integer;

CREATE FUNCTION lending_standing_day(from_date date, anchor_day integer) RETURNS integer
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN extract(day FROM from_date)::integer = least(anchor_day, lending_days_in_month(from_date))
            THEN anchor_day ELSE extract(day FROM from_date)::integer END;

CREATE FUNCTION lending_counted_days(day_count text, from_date date, to_date date, anchor_day integer) RETURNS integer
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN day_count <> '30/360' THEN to_date - from_date
    WHEN extract(day FROM to_date)::integer
         >= least(lending_standing_day(from_date, anchor_day), lending_days_in_month(to_date))
    THEN 30 * (12 * (extract(year FROM to_date)::integer - extract(year FROM from_date)::integer)
               + extract(month FROM to_date)::integer - extract(month FROM from_date)::integer)
         + extract(day FROM to_date)::integer
         - least(lending_standing_day(from_date, anchor_day), lending_days_in_month(to_date))
    ELSE 30 * (12 * (extract(year FROM to_date)::integer - extract(year FROM from_date)::integer)
               + extract(month FROM to_date)::integer - extract(month FROM from_date)::integer - 1)
         + extract(day FROM to_date)::integer
         + extract(day FROM to_date - extract(day FROM to_date)::integer)::integer
         - least(lending_standing_day(from_date, anchor_day),
                 extract(day FROM to_date - extract(day FROM to_date)::integer)::integer)
    END;
"""
STORAGE: Final = """
ALTER TABLE lending_loan SET (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.02,
                              autovacuum_vacuum_insert_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02);
ALTER TABLE lending_instalment SET (fillfactor = 90, autovacuum_vacuum_scale_factor = 0.02,
                                    autovacuum_vacuum_insert_scale_factor = 0.02,
                                    autovacuum_analyze_scale_factor = 0.02);
ALTER TABLE lending_auto_debit SET (fillfactor = 90, autovacuum_vacuum_scale_factor = 0.05);
"""
INSTALL: Final = DAYS_OF + STORAGE
REMOVE: Final = """
DROP FUNCTION lending_counted_days(text, date, date, integer);
DROP FUNCTION lending_standing_day(date, integer);
DROP FUNCTION lending_days_in_month(date);
ALTER TABLE lending_loan RESET (fillfactor, autovacuum_vacuum_scale_factor, autovacuum_vacuum_insert_scale_factor,
                                autovacuum_analyze_scale_factor);
ALTER TABLE lending_instalment RESET (fillfactor, autovacuum_vacuum_scale_factor,
                                      autovacuum_vacuum_insert_scale_factor, autovacuum_analyze_scale_factor);
ALTER TABLE lending_auto_debit RESET (fillfactor, autovacuum_vacuum_scale_factor);
"""
