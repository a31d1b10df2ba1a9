"""SQL of the public schema: which banks have steps to ring for.

The sweep sees all banks though the web login may see only one at a time: the function runs with its owner's rights and
tells no more than (bank, lane). The province, which owes steps as well, is one of the places that it looks at.
"""

from __future__ import annotations

from typing import Final

INSTALL: Final = """
CREATE OR REPLACE FUNCTION public.due_steps() RETURNS TABLE (bank text, lane text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $body$
DECLARE
    query text;
BEGIN
    SELECT string_agg(
        format('SELECT %L::text, s.lane::text FROM %I.core_step s WHERE s.state = ''live'''
               ' AND s.run_at <= statement_timestamp()'
               ' AND (s.lease_until IS NULL OR s.lease_until < statement_timestamp()) GROUP BY s.lane',
               place.code, place.schema_name), ' UNION ALL ')
    INTO query FROM (
        SELECT b.code, b.schema_name FROM public.tenants_bank b
        UNION ALL SELECT 'province', 'province' WHERE to_regclass('province.core_step') IS NOT NULL
    ) AS place;
    IF query IS NOT NULL THEN
        RETURN QUERY EXECUTE query;
    END IF;
END
$body$;
"""
REMOVE: Final = "DROP FUNCTION public.due_steps();"
