from django.db import migrations

from tenants import sql


class Migration(migrations.Migration):
    """The sweep looks at the province as well."""

    dependencies = [("tenants", "0002_lpr")]
    operations = [migrations.RunSQL(sql.WITH_PROVINCE, sql.INSTALL, hints={"scope": "public"})]
