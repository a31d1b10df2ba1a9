from django.db import migrations, models

from accounts import sql

ENTRY_KINDS = [
    ("receipt", "外部来款"),
    ("top_up", "银行卡转入"),
    ("transfer", "转账"),
    ("transfer_refund", "转账退回"),
    ("refund", "退款"),
    ("reversal", "冲正"),
    ("disbursement", "贷款发放"),
    ("repayment", "贷款还款"),
    ("repayment_reversal", "还款冲正"),
    ("repayment_reallocation", "还款重新分配"),
    ("write_off", "贷款核销"),
    ("recovery", "核销后收回"),
    ("day_end_income", "日终计息"),
    ("day_end_provision", "日终计提减值"),
]


class Migration(migrations.Migration):
    """No line is added to an entry that is booked; what the core says of a balance has its time; kinds have names."""

    dependencies = [("accounts", "0002_guards")]
    operations = [
        migrations.AddField(
            model_name="depositaccount",
            name="balance_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="核心告知时点"),
        ),
        migrations.AlterField(
            model_name="journalentry",
            name="kind",
            field=models.CharField(choices=ENTRY_KINDS, max_length=30, verbose_name="业务种类"),
        ),
        migrations.AlterField(
            model_name="payment",
            name="kind",
            field=models.CharField(choices=ENTRY_KINDS, max_length=30, verbose_name="业务种类"),
        ),
        migrations.RunSQL(sql.INSTALL_WRITTEN_ONCE, sql.REMOVE_WRITTEN_ONCE, hints={"scope": "bank"}),
    ]
