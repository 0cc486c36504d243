"""What calls of a model are held at where they do not say. Models of before go on being held at their maximum."""

from django.db import migrations, models

from audit.history.capture import capture


class Migration(migrations.Migration):

    dependencies = [
        ('governance', '0033_price_schedules'),
        ('tenants', '0006_limits'),
    ]

    operations = [
        migrations.AddField(
            model_name='model',
            name='image_tokens',
            field=models.PositiveIntegerField(blank=True, help_text='The most a picture counts as. Empty: a call with one is held at the whole context window.', null=True),
        ),
        migrations.AddField(
            model_name='model',
            name='usual_output_tokens',
            field=models.PositiveIntegerField(blank=True, help_text='The most an answer has where a call does not say; held, and sent upstream. Empty: the maximum.', null=True),
        ),
        migrations.AlterField(
            model_name='model',
            name='usual_output_tokens',
            field=models.PositiveIntegerField(blank=True, default=16384, help_text='The most an answer has where a call does not say; held, and sent upstream. Empty: the maximum.', null=True),
        ),
        migrations.RunSQL(
            "GRANT UPDATE (usual_output_tokens, image_tokens) ON governance_model TO chancery_app",
            migrations.RunSQL.noop,
        ),
        capture("governance_model", "model", ignored=["fingerprint"]),  # said again for its new columns
        migrations.AddConstraint(
            model_name='model',
            constraint=models.CheckConstraint(condition=models.Q(('usual_output_tokens__isnull', True), ('usual_output_tokens__gte', 1), _connector='OR'), name='model_usually_answers'),
        ),
    ]
